import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { program } from '#test/harness/binaries/programs.ts'
import { installCrds } from '#test/harness/cluster/crds.ts'
import { Kubectl } from '#test/harness/cluster/kubectl.ts'
import { createOperatorKubeconfig } from '#test/harness/cluster/operator-identity.ts'
import type { ClusterOptions, TestCluster } from '#test/harness/cluster/types.ts'
import { createStateDir } from '#test/harness/state-dir.ts'

const minified = z.object({
  clusters: z.tuple([
    z.object({
      cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string().optional() }),
    }),
  ]),
})

/**
 * Uses a cluster that runs already (kind, minikube): the current context of a kubeconfig, as an administrator. What
 * tests create in their namespace `tallyman-test-…` goes at `stop`; CRDs, RBAC and the namespace tallyman-system stay.
 * Its own controllers and nodes are used, whatever `options` asks for.
 */
export async function useCluster(source: string, options: ClusterOptions): Promise<TestCluster> {
  const state = await createStateDir('cluster')
  const command = await program('kubectl')
  const cacheDir = path.join(state.path, 'kubectl-cache')
  // A copy: nothing the tests do may change the user's file, and his switching of contexts must not reach us.
  const view = ['config', 'view', '--minify', '--flatten', '--raw']
  const { stdout } = await new Kubectl(command, source, cacheDir).run(view)
  const adminKubeconfig = path.join(state.path, 'admin.kubeconfig')
  await writeFile(adminKubeconfig, stdout, { mode: 0o600 })
  const [{ cluster }] = minified.parse(parse(stdout)).clusters
  const caData = cluster['certificate-authority-data']
  const caPem = caData === undefined ? undefined : Buffer.from(caData, 'base64').toString('utf8')

  const kubectl = new Kubectl(command, adminKubeconfig, cacheDir)
  const namespace = `tallyman-test-${randomBytes(4).toString('hex')}`
  await kubectl.run(['create', 'namespace', namespace])
  if (options.crds === true) await installCrds(kubectl)
  const unsupported = async () => {
    throw new Error('the API server of an existing cluster (TALLYMAN_TEST_KUBECONFIG) is not ours to stop')
  }
  return {
    adminKubeconfig,
    server: cluster.server,
    caPem,
    stateDir: state.path,
    etcdUrl: undefined,
    namespace,
    kubectl: (args, callOptions) => kubectl.run(args, callOptions),
    apply: (yamlOrObjects) => kubectl.apply(yamlOrObjects),
    operatorKubeconfig: ({ server, caPem: otherCa } = {}) =>
      createOperatorKubeconfig({
        stateDir: state.path,
        kubectl,
        server: server ?? cluster.server,
        caPem: server === undefined ? caPem : otherCa,
      }),
    stopApiServer: unsupported,
    startApiServer: unsupported,
    stop: async () => {
      await kubectl.run(['delete', 'namespace', namespace, '--wait=false'])
      await state.remove()
    },
  }
}
