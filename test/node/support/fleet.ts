import { z } from 'zod'
import type { TestCluster } from '#test/harness/cluster.ts'
import { eventually } from '#test/harness/wait.ts'
import { deployment } from './workload.ts'

/** An image as a pod writes it, and the digest that it runs then. */
export interface Use {
  readonly image: string
  readonly digest: string
}
/** By the name of a Deployment. */
export type Uses = Readonly<Record<string, Use>>

const ContainerStatus = z.object({
  imageID: z.string(),
  state: z.object({ running: z.object({}).optional(), waiting: z.object({ reason: z.string() }).optional() }),
})
const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ labels: z.object({ app: z.string() }) }),
      status: z.object({ containerStatuses: z.array(ContainerStatus).default([]) }),
    }),
  ),
})

/** Deployments of one namespace, each of one pod, looked at together: a kubectl for each would be the load of the test. */
export class Fleet {
  readonly #cluster: TestCluster
  readonly #namespace: string

  constructor(cluster: TestCluster, namespace: string) {
    this.#cluster = cluster
    this.#namespace = namespace
  }

  /** Creates Deployments, or gives those that are there another image. */
  deploy(uses: Uses): Promise<void> {
    return this.#cluster.apply(
      Object.entries(uses).map(([name, { image }]) =>
        deployment({ namespace: this.#namespace, name }, image),
      ),
    )
  }

  /** Takes a Deployment back to the template of its ReplicaSet before. */
  async rollBack(name: string): Promise<void> {
    await this.#kubectl('rollout', 'undo', `deployment/${name}`)
  }

  /** Deletes all pods, whose controllers make new ones. */
  async deletePods(): Promise<void> {
    await this.#kubectl('delete', 'pods', '--all', '--grace-period=0', '--force')
  }

  /** Waits until each of these Deployments has exactly one pod, which runs its digest. */
  async untilRunning(uses: Uses): Promise<void> {
    await eventually(
      async () => {
        const states = await this.#states()
        const others = Object.entries(uses).filter(([name, { digest }]) => states.get(name) !== digest)
        if (others.length === 0) return true
        throw new Error(
          others.map(([name, { image }]) => `${name} (${image}): ${states.get(name)}`).join('\n'),
        )
      },
      { message: 'all pods to run what they name', timeoutMs: 120_000, intervalMs: 250 },
    )
  }

  /** What the pod of each Deployment is at: the digest that it runs, or why it does not. */
  async #states(): Promise<ReadonlyMap<string, string>> {
    const { items } = Pods.parse(JSON.parse(await this.#kubectl('get', 'pods', '--output', 'json')))
    const states = new Map<string, string>()
    for (const { metadata, status } of items) {
      const { app } = metadata.labels
      states.set(app, states.has(app) ? 'has several pods' : stateOf(status.containerStatuses[0]))
    }
    return states
  }

  async #kubectl(...args: string[]): Promise<string> {
    const { stdout } = await this.#cluster.kubectl([...args, '--namespace', this.#namespace])
    return stdout
  }
}

function stateOf(status: z.infer<typeof ContainerStatus> | undefined): string {
  if (status?.state.running === undefined) return status?.state.waiting?.reason ?? 'not started'
  return status.imageID.slice(status.imageID.indexOf('@') + 1)
}
