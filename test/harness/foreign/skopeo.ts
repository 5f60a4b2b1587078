import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { writeDockerConfig } from '#test/harness/foreign/docker-config.ts'
import type { FlavourMaker, ForeignRegistry } from '#test/harness/foreign/flavour.ts'

const TAG_LIST = z.object({ Tags: z.array(z.string()) })

/** skopeo takes CA and TLS mode of each side as options. It pulls to `dir:`, the one place that converts nothing. */
export const skopeo: FlavourMaker = async (dir, registries) => {
  const authfile = `--authfile=${await writeDockerConfig(dir, registries)}`
  const access = new Map<string, Access>()
  for (const registry of registries) access.set(registry.host, await accessTo(dir, registry))
  const options = (reference: string, side: 'src-' | 'dest-' | '') => {
    const host = reference.slice(0, reference.indexOf('/'))
    const { verify, certDir } = access.get(host) ?? { verify: true, certDir: dir }
    return [`--${side}tls-verify=${verify}`, `--${side}cert-dir=${certDir}`]
  }
  const copy = ['copy', '--insecure-policy', '--all', '--preserve-digests', '--quiet', authfile]
  return {
    env: {},
    manifest: (reference) => [
      ...['inspect', '--raw', authfile],
      ...options(reference, ''),
      `docker://${reference}`,
    ],
    tags: (repository) => ['list-tags', authfile, ...options(repository, ''), `docker://${repository}`],
    parseTags: (output) => TAG_LIST.parse(JSON.parse(output)).Tags,
    pull: (reference, folder) => [
      ...copy,
      ...options(reference, 'src-'),
      `docker://${reference}`,
      `dir:${folder}`,
    ],
    copy: (from, to) => [
      ...copy,
      ...options(from, 'src-'),
      ...options(to, 'dest-'),
      `docker://${from}`,
      `docker://${to}`,
    ],
  }
}

interface Access {
  readonly verify: boolean
  readonly certDir: string
}

async function accessTo(dir: string, { host, url, caPem }: ForeignRegistry): Promise<Access> {
  const certDir = path.join(dir, host)
  await mkdir(certDir, { recursive: true })
  if (caPem !== undefined) await writeFile(path.join(certDir, 'ca.crt'), caPem)
  return { verify: url.startsWith('https:'), certDir }
}
