import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { KubeConfig } from '@kubernetes/client-node'
import { TallymanError } from '#catalogue/error.ts'

/** The name of the context that stands for the ServiceAccount of our own pod. */
export const IN_CLUSTER = 'in-cluster'

/** Where the kubelet mounts what belongs to the pod's ServiceAccount. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Fills `config` with the cluster that our pod runs in, and the pod's ServiceAccount; as rest.InClusterConfig of client-go does: address
 * from KUBERNETES_SERVICE_HOST and _PORT, always TLS, the token from a file that is read again every minute.
 * Outside of a pod, Telepresence gives both: the environment, and the pod's files below TELEPRESENCE_ROOT.
 * @throws KUBE_CONFIG_INVALID
 */
export function loadInCluster(config: KubeConfig): void {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, TELEPRESENCE_ROOT } = process.env
  if (!host || !port) {
    const unset = 'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set'
    throw invalid(`There is no kubeconfig, and this is no pod: ${unset}`)
  }
  const folder = `${TELEPRESENCE_ROOT ?? ''}${SERVICE_ACCOUNT}`
  const [tokenFile, caFile] = [`${folder}/token`, `${folder}/ca.crt`]
  if (read(tokenFile).trim() === '') throw invalid(`${tokenFile} is empty`)
  if (!read(caFile).includes('-----BEGIN CERTIFICATE-----')) throw invalid(`${caFile} holds no certificate`)
  config.loadFromOptions({
    clusters: [
      {
        name: IN_CLUSTER,
        server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
        caFile,
        skipTLSVerify: false,
      },
    ],
    users: [{ name: IN_CLUSTER, authProvider: { name: 'tokenFile', config: { tokenFile } } }],
    contexts: [{ name: IN_CLUSTER, cluster: IN_CLUSTER, user: IN_CLUSTER }],
    currentContext: IN_CLUSTER,
  })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const remedy = 'A pod has it unless automountServiceAccountToken is false'
    throw new TallymanError('KUBE_CONFIG_INVALID', `Cannot read ${file} (${why}). ${remedy}`, {
      cause: error,
    })
  }
}

function invalid(message: string): TallymanError {
  return new TallymanError('KUBE_CONFIG_INVALID', message)
}
