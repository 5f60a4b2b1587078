import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type FlavourMaker, nonEmptyLines } from '#test/harness/foreign/flavour.ts'

/** regctl has one configuration file with everything about a host in it. It pulls to an OCI image layout. */
export const regctl: FlavourMaker = async (dir, registries) => {
  const hosts = registries.map(({ host, url, caPem, credentials }) => [
    host,
    {
      tls: url.startsWith('https:') ? 'enabled' : 'disabled',
      ...(caPem === undefined ? {} : { regcert: caPem }),
      ...(credentials === undefined ? {} : { user: credentials.username, pass: credentials.password }),
    },
  ])
  const file = path.join(dir, 'regctl.json')
  await writeFile(file, JSON.stringify({ hosts: Object.fromEntries(hosts) }), { mode: 0o600 })
  return {
    env: { REGCTL_CONFIG: file, DOCKER_CONFIG: dir },
    manifest: (reference) => ['manifest', 'get', '--format', 'raw-body', reference],
    tags: (repository) => ['tag', 'ls', repository],
    parseTags: nonEmptyLines,
    pull: (reference, folder) => ['image', 'copy', reference, `ocidir://${folder}:pulled`],
    copy: (from, to) => ['image', 'copy', from, to],
  }
}
