import { mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { kubeconfig } from '#test/harness/cluster/kubeconfig.ts'
import type { Kubectl } from '#test/harness/cluster/kubectl.ts'
import { readManifests } from '#test/harness/cluster/manifests.ts'

export const OPERATOR_NAMESPACE = 'tallyman-system'
export const OPERATOR_SERVICE_ACCOUNT = 'tallyman'

const RBAC_DIR = path.resolve(import.meta.dirname, '../../../config/rbac')

export interface OperatorIdentityOptions {
  readonly stateDir: string
  readonly kubectl: Kubectl
  readonly server: string
  /** Without it the server's certificate is not checked. */
  readonly caPem: string | undefined
}

/**
 * Installs config/rbac and writes a kubeconfig with a token of the operator's ServiceAccount, valid for 8 hours: the
 * operator gets the rights of production in every test, and not one more.
 * @returns the kubeconfig file
 */
export async function createOperatorKubeconfig(options: OperatorIdentityOptions): Promise<string> {
  const { stateDir, kubectl, server, caPem } = options
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR_NAMESPACE } }
  await kubectl.apply([namespace, ...(await readManifests(RBAC_DIR))])
  const { stdout } = await kubectl.run([
    ...['create', 'token', OPERATOR_SERVICE_ACCOUNT],
    ...['--namespace', OPERATOR_NAMESPACE, '--duration', '8h'],
  ])
  const directory = await mkdtemp(path.join(stateDir, 'operator-'))
  const file = path.join(directory, 'kubeconfig')
  const text = kubeconfig({
    server,
    caPem,
    user: OPERATOR_SERVICE_ACCOUNT,
    token: stdout.trim(),
    namespace: OPERATOR_NAMESPACE,
  })
  await writeFile(file, text, { mode: 0o600 })
  return file
}
