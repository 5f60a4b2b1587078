import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { program } from '#test/harness/binaries/programs.ts'
import type { Kubectl } from '#test/harness/cluster/kubectl.ts'
import { reservePort } from '#test/harness/ports.ts'
import { startProcess } from '#test/harness/process.ts'

const STAGES_DIR = path.resolve(import.meta.dirname, '../kwok')

export interface NodesOptions {
  readonly stateDir: string
  readonly kubeconfig: string
  readonly kubectl: Kubectl
  readonly amd64: number
  readonly arm64: number
  readonly signal?: AbortSignal | undefined
}

/** Starts KWOK and fake nodes `node-0`, `node-1`, … whose pods live as test/harness/kwok says. */
export async function startNodes(options: NodesOptions): Promise<{ stop(): Promise<void> }> {
  const { stateDir, kubeconfig, kubectl } = options
  const [reserved, command, files] = await Promise.all([reservePort(), program('kwok'), readdir(STAGES_DIR)])
  const stages = files.filter((file) => file.endsWith('.yaml')).map((file) => path.join(STAGES_DIR, file))
  const server = await startProcess({
    name: 'kwok',
    command,
    args: [
      `--kubeconfig=${kubeconfig}`,
      // On a cluster with real nodes their pods must be left alone.
      '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
      '--node-ip=127.0.0.1',
      '--node-lease-duration-seconds=40',
      `--server-address=127.0.0.1:${reserved.port}`,
      ...stages.map((file) => `--config=${file}`),
    ],
    logFile: path.join(stateDir, 'logs', 'kwok.log'),
    signal: options.signal,
    ready: async () =>
      (await fetch(`http://127.0.0.1:${reserved.port}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok,
  })
  const stop = async () => {
    await server.stop(1_000)
    await reserved.release()
  }
  try {
    await createNodes(kubectl, fakeNodes(options.amd64, options.arm64))
  } catch (error) {
    await stop()
    throw error
  }
  return { stop }
}

async function createNodes(kubectl: Kubectl, nodes: ReturnType<typeof fakeNodes>): Promise<void> {
  await kubectl.apply(nodes)
  const names = nodes.map((node) => `node/${node.metadata.name}`)
  await kubectl.run(['wait', '--for=condition=Ready', '--timeout=60s', ...names])
}

function fakeNodes(amd64: number, arm64: number) {
  const architectures = [...Array(amd64).fill('amd64'), ...Array(arm64).fill('arm64')].map(String)
  return architectures.map((architecture, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `node-${index}`,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: {
        'kubernetes.io/hostname': `node-${index}`,
        // The stage node-ready reports this architecture in the node's status.
        'kubernetes.io/arch': architecture,
        'kubernetes.io/os': 'linux',
      },
    },
  }))
}
