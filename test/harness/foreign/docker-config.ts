import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ForeignRegistry } from '#test/harness/foreign/flavour.ts'
import { basicAuthorization } from '#test/harness/registry/basic-authorization.ts'

/** Writes `config.json` as `docker login` does, which most clients read. Returns its path. */
export async function writeDockerConfig(
  dir: string,
  registries: readonly ForeignRegistry[],
): Promise<string> {
  const auths: Record<string, { auth: string }> = {}
  for (const { host, credentials } of registries) {
    if (credentials === undefined) continue
    const { username, password } = credentials
    auths[host] = { auth: basicAuthorization(username, password).slice('Basic '.length) }
  }
  const file = path.join(dir, 'config.json')
  await writeFile(file, JSON.stringify({ auths }), { mode: 0o600 })
  return file
}
