import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { writeDockerConfig } from '#test/harness/foreign/docker-config.ts'
import { type FlavourMaker, nonEmptyLines } from '#test/harness/foreign/flavour.ts'

/** crane tries plain HTTP on loopback by itself and has no option for a CA: Go takes its roots from SSL_CERT_FILE. */
export const crane: FlavourMaker = async (dir, registries) => {
  await writeDockerConfig(dir, registries)
  const bundle = path.join(dir, 'ca.crt')
  await writeFile(bundle, registries.map(({ caPem }) => caPem ?? '').join('\n'))
  return {
    env: { DOCKER_CONFIG: dir, SSL_CERT_FILE: bundle },
    manifest: (reference) => ['manifest', reference],
    tags: (repository) => ['ls', repository],
    parseTags: nonEmptyLines,
    pull: (reference, folder) => ['pull', '--format=oci', reference, folder],
    copy: (from, to) => ['copy', from, to],
  }
}
