import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ACCEPT_MANIFESTS, imageSeries } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'

export const REPOSITORY = 'bench/app'
export const CONNECTIONS = 16
const IMAGES = 1_000

export interface Fixture {
  readonly registry: TestRegistry
  readonly digests: readonly string[]
  /** For wrk: walks the same list of manifests. */
  readonly luaScript: string
}

/** A registry over TLS with a thousand images, written into its storage. */
export async function readFixture(version: RegistryVersion): Promise<Fixture> {
  const registry = await startRegistry({ version, tls: true })
  const writer = new StorageWriter(registry.storageDir)
  const digests: string[] = []
  for (const image of imageSeries({ seed: 'bench', count: IMAGES })) {
    writer.write(REPOSITORY, image)
    digests.push(image.manifest.digest)
  }
  const luaScript = path.join(registry.storageDir, 'list.lua')
  await writeFile(luaScript, lua(digests))
  return { registry, digests, luaScript }
}

function lua(digests: readonly string[]): string {
  return `
local paths = { ${digests.map((digest) => `"/v2/${REPOSITORY}/manifests/${digest}"`).join(',')} }
local at = 0
wrk.headers["Accept"] = "${ACCEPT_MANIFESTS}"
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
`
}
