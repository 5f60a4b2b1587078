import { z } from 'zod'
import type { TestCluster } from '#test/harness/cluster.ts'
import type { TestNode } from '#test/harness/node.ts'
import { eventually } from '#test/harness/wait.ts'

/** What became of one container: of its image, and of its program. */
export type Pull =
  | { readonly pulled: true; readonly runs: boolean }
  /** What the kubelet says about it. */
  | { readonly pulled: false; readonly message: string }

const ContainerStatus = z.object({
  name: z.string(),
  state: z.object({
    running: z.object({}).optional(),
    waiting: z.object({ reason: z.string(), message: z.string().default('') }).optional(),
  }),
})
const PODS = z.object({
  items: z.array(z.object({ status: z.object({ containerStatuses: z.array(ContainerStatus).default([]) }) })),
})

/** A pod's sandbox costs more than a pull. */
const CONTAINERS_PER_POD = 12
const SETTLED_MS = 200_000
const PULL_FAILED = ['ErrImagePull', 'ImagePullBackOff']

/**
 * Deletes the pods of an earlier call and creates new ones on `node`, with a container for each of `images`; resolves
 * when every image is there or its pull has failed.
 * @returns in the order of `images`
 */
export async function pullByPods(
  cluster: TestCluster,
  node: TestNode,
  images: readonly string[],
): Promise<readonly Pull[]> {
  const { namespace } = cluster
  await cluster.kubectl(['delete', 'pods', '--all', '--namespace', namespace, '--grace-period=0', '--force'])
  const containers = images.map((image, at) => ({ name: nameOf(at), image, imagePullPolicy: 'Always' }))
  const pods: object[] = []
  for (let at = 0; at < containers.length; at += CONTAINERS_PER_POD) {
    pods.push(podOf(`pull-${at}`, namespace, node, containers.slice(at, at + CONTAINERS_PER_POD)))
  }
  await cluster.apply(pods)
  return eventually(
    async () => {
      const { stdout } = await cluster.kubectl(['get', 'pods', '--namespace', namespace, '--output', 'json'])
      const statuses = PODS.parse(JSON.parse(stdout)).items.flatMap(({ status }) => status.containerStatuses)
      const byName = new Map(statuses.map((status) => [status.name, pullOf(status)]))
      return images.map((image, at) => {
        const pull = byName.get(nameOf(at))
        if (pull === undefined) throw new Error(`${image} is neither there nor has its pull failed`)
        return pull
      })
    },
    { message: 'every pull to end', timeoutMs: SETTLED_MS, intervalMs: 1_000 },
  )
}

function pullOf({ state }: z.infer<typeof ContainerStatus>): Pull | undefined {
  const { waiting, running } = state
  if (waiting?.reason === 'ContainerCreating') return undefined
  if (waiting !== undefined && PULL_FAILED.includes(waiting.reason)) {
    return { pulled: false, message: waiting.message }
  }
  // The image is there; what else keeps the container from running comes after that.
  return { pulled: true, runs: running !== undefined }
}

function nameOf(at: number): string {
  return `image-${at}`
}

function podOf(name: string, namespace: string, node: TestNode, containers: readonly object[]): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      nodeName: node.name,
      hostNetwork: true,
      automountServiceAccountToken: false,
      // Their program handles no SIGTERM.
      terminationGracePeriodSeconds: 0,
      containers,
    },
  }
}
