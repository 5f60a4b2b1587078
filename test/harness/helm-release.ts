import { gzipSync } from 'node:zlib'

/** The Secret in which Helm 3 keeps a revision of a release: gzip'ed JSON, base64 twice. */
export function helmReleaseSecret(namespace: string, name: string, revision: number, manifest: string) {
  const release = { name, namespace, version: revision, info: { status: 'deployed' }, manifest, hooks: [] }
  return helmSecret(namespace, name, revision, gzipSync(JSON.stringify(release)).toString('base64'))
}

/** @param release what Helm stores: base64 of the release */
export function helmSecret(namespace: string, name: string, revision: number, release: string) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'helm.sh/release.v1',
    metadata: {
      name: `sh.helm.release.v1.${name}.v${revision}`,
      namespace,
      labels: { owner: 'helm', name, status: 'deployed', version: String(revision) },
    },
    data: { release: Buffer.from(release).toString('base64') },
  }
}
