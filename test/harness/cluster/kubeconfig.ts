import { stringify } from 'yaml'

export interface KubeconfigOptions {
  readonly server: string
  /** The certificates to trust; without them an https server's certificate is not checked. */
  readonly caPem?: string | undefined
  readonly user: string
  readonly token: string
  readonly namespace?: string
}

/** A kubeconfig (v1) with one cluster, one user and one context, all called `tallyman-test`. */
export function kubeconfig(options: KubeconfigOptions): string {
  const { server, caPem, user, token, namespace } = options
  const trust =
    caPem === undefined
      ? { 'insecure-skip-tls-verify': true }
      : { 'certificate-authority-data': Buffer.from(caPem).toString('base64') }
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'tallyman-test',
    clusters: [{ name: 'tallyman-test', cluster: { server, ...(server.startsWith('https:') ? trust : {}) } }],
    users: [{ name: user, user: { token } }],
    contexts: [
      {
        name: 'tallyman-test',
        context: { cluster: 'tallyman-test', user, ...(namespace === undefined ? {} : { namespace }) },
      },
    ],
  })
}
