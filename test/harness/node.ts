import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { program } from '#test/harness/binaries/programs.ts'
import { run } from '#test/harness/binaries/run.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { containerImage } from '#test/harness/images.ts'
import {
  createCgroups,
  NODE_LABEL,
  removeCgroups,
  removeLeftoverCgroups,
} from '#test/harness/node/cgroups.ts'
import { CNI_CONFIG, containerdSocket, renderContainerdConfig } from '#test/harness/node/containerd-config.ts'
import { renderKubeletConfig } from '#test/harness/node/kubelet-config.ts'
import { nodeObstacle } from '#test/harness/node/obstacle.ts'
import { type NodeRegistry, writeRegistryHosts } from '#test/harness/node/registry-hosts.ts'
import { reservePort } from '#test/harness/ports.ts'
import { startProcess } from '#test/harness/process.ts'
import { processesNaming } from '#test/harness/process-list.ts'
import { startRegistry } from '#test/harness/registry.ts'
import { createStateDir } from '#test/harness/state-dir.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'

export interface NodeOptions {
  /** By default `real-node`. A node of the same name that was stopped is taken over, with an empty image store. */
  readonly name?: string
  /** Hosts of image references that stand for test registries. A registry on `127.0.0.1:port` needs no entry. */
  readonly registries?: readonly NodeRegistry[]
  readonly signal?: AbortSignal | undefined
}

export interface TestNode {
  readonly name: string
  /** As the kubelet reports it. */
  readonly platform: { readonly os: string; readonly architecture: string }
  /** What containerd and the kubelet log is in `node.log`. */
  readonly stateDir: string
  /** containerd's own client on the images and containers of the kubelet; answers its standard output. */
  ctr(...args: string[]): Promise<string>
  /** Ends everything on it at once, as a machine that fails; the Node object stays. */
  stop(): Promise<void>
}

const INIT = path.join(import.meta.dirname, 'node', 'init')
const NAME = 'real-node'

/**
 * A real node of `cluster`, new and with an empty image store: kubelet, containerd and runc in namespaces of their own,
 * Ready when this resolves. Pods need `hostNetwork: true`, and `terminationGracePeriodSeconds: 0` where their program
 * handles no SIGTERM. Nothing of it outlives `stop` or this process, but for empty control groups of a killed process,
 * which the next node removes.
 * @throws Error that says why, where no node can run (nodeObstacle)
 */
export async function startNode(cluster: TestCluster, options: NodeOptions = {}): Promise<TestNode> {
  const obstacle = await nodeObstacle()
  if (obstacle !== undefined) throw new Error(`no real node can run here: ${obstacle}`)
  await removeLeftoverCgroups()
  const cleanups: (() => Promise<void>)[] = []
  const stop = async () => {
    for (let cleanup = cleanups.shift(); cleanup !== undefined; cleanup = cleanups.shift()) await cleanup()
  }
  try {
    return await assemble(cluster, options, (cleanup) => cleanups.unshift(cleanup), stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function assemble(
  cluster: TestCluster,
  { name = NAME, registries = [], signal }: NodeOptions,
  onStop: (cleanup: () => Promise<void>) => void,
  stop: () => Promise<void>,
): Promise<TestNode> {
  const state = await createStateDir(NODE_LABEL)
  onStop(state.remove)
  const stateDir = state.path
  const cgroup = path.basename(stateDir)
  const health = await reservePort()
  onStop(health.release)
  const sandbox = await startRegistry({ version: '3', signal })
  onStop(sandbox.stop)
  new StorageWriter(sandbox.storageDir).write('pause', containerImage({ seed: 'pause', runnable: true }), '1')

  const files = {
    'containerd.toml': renderContainerdConfig({
      stateDir,
      sandboxImage: `${sandbox.host}/pause:1`,
      runtime: await program('runc'),
    }),
    'cni/machine.conflist': CNI_CONFIG,
    'kubelet.yaml': renderKubeletConfig({ stateDir, healthPort: health.port, cgroup }),
  }
  await mkdir(path.join(stateDir, 'cni'))
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(stateDir, file), text)
  await writeRegistryHosts(path.join(stateDir, 'registries'), registries)

  onStop(() => removeCgroups(cgroup))
  await createCgroups(cgroup)
  const shim = await program('containerd-shim-runc-v2')
  const server = await startProcess({
    name: `node ${name}`,
    command: 'unshare',
    args: [
      ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', INIT, stateDir],
      ...[await program('containerd'), await program('kubelet')],
      `--config=${path.join(stateDir, 'kubelet.yaml')}`,
      `--kubeconfig=${cluster.adminKubeconfig}`,
      `--hostname-override=${name}`,
      `--root-dir=${path.join(stateDir, 'kubelet')}`,
    ],
    // containerd finds its shim there.
    env: { PATH: `${path.dirname(shim)}:${process.env.PATH}` },
    logFile: path.join(stateDir, 'node.log'),
    signal,
    ready: async () => (await fetch(`http://127.0.0.1:${health.port}/healthz`)).ok,
  })
  onStop(async () => {
    // Its first process receives no other signal from outside. With that the kernel ends the others, one after the other.
    await server.stop(0)
    await eventually(async () => (await processesNaming(stateDir)).length === 0, {
      message: `everything on ${name} to end`,
    })
  })
  const platform = await untilReady(cluster, name, signal)
  const ctr = await program('ctr')
  return {
    name,
    platform,
    stateDir,
    ctr: (...args) => run(ctr, ['--address', containerdSocket(stateDir), '--namespace', 'k8s.io', ...args]),
    stop,
  }
}

const NODE = z.object({
  status: z.object({
    nodeInfo: z.object({ operatingSystem: z.string(), architecture: z.string(), bootID: z.string() }),
    conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string() })),
  }),
})

async function untilReady(
  cluster: TestCluster,
  name: string,
  signal: AbortSignal | undefined,
): Promise<TestNode['platform']> {
  const { operatingSystem, architecture } = await eventually(
    async () => {
      const { stdout } = await cluster.kubectl(['get', 'node', name, '--output', 'json'])
      const { conditions, nodeInfo } = NODE.parse(JSON.parse(stdout)).status
      const ready = conditions.find(({ type }) => type === 'Ready')
      if (ready?.status !== 'True') throw new Error(`${name} is not Ready: ${ready?.message}`)
      return nodeInfo
    },
    { message: `${name} to be Ready`, timeoutMs: 60_000, intervalMs: 200, ...(signal && { signal }) },
  )
  return { os: operatingSystem, architecture }
}
