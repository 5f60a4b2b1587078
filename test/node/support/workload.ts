import { z } from 'zod'
import type { Place } from '#test/e2e/support/objects.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { eventually } from '#test/harness/wait.ts'

/** A Deployment of one pod that a real node of the harness can run: on the machine's network, ended by SIGKILL. */
export function deployment(place: Place, image: string): object {
  const labels = { app: place.name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: place,
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          hostNetwork: true,
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'app', image }],
        },
      },
    },
  }
}

const PODS = z.object({
  items: z.tuple([
    z.object({
      spec: z.object({ nodeName: z.string() }),
      status: z.object({
        containerStatuses: z.tuple([
          z.object({
            imageID: z.string(),
            state: z.object({
              running: z.object({}).optional(),
              waiting: z.object({ reason: z.string() }).optional(),
            }),
          }),
        ]),
      }),
    }),
  ]),
})

/** The one pod of a Deployment. */
export interface PodView {
  readonly nodeName: string
  readonly imageId: string
  /** `Running`, `Terminated`, or why its container waits. */
  readonly state: string
}

export const RUNNING = /^Running$/
export const PULL_FAILED = /^(ErrImagePull|ImagePullBackOff)$/

/** Waits until the Deployment has exactly one pod and that is in `state`. */
export function untilPod(cluster: TestCluster, place: Place, state: RegExp): Promise<PodView> {
  return eventually(
    async () => {
      const pod = await podOf(cluster, place)
      if (!state.test(pod.state)) throw new Error(`its state is ${pod.state}`)
      return pod
    },
    { message: `the pod of ${place.name} to be ${state}`, timeoutMs: 60_000, intervalMs: 200 },
  )
}

/** Deletes the pods of a Deployment, whose controller makes new ones. */
export async function deletePods(cluster: TestCluster, place: Place): Promise<void> {
  await cluster.kubectl(['delete', 'pods', ...selecting(place), '--grace-period=0', '--force'])
}

async function podOf(cluster: TestCluster, place: Place): Promise<PodView> {
  const { stdout } = await cluster.kubectl(['get', 'pods', ...selecting(place), '--output', 'json'])
  const [{ spec, status }] = PODS.parse(JSON.parse(stdout)).items
  const { imageID, state } = status.containerStatuses[0]
  const text = state.running === undefined ? (state.waiting?.reason ?? 'Terminated') : 'Running'
  return { nodeName: spec.nodeName, imageId: imageID, state: text }
}

function selecting({ namespace, name }: Place): string[] {
  return ['--namespace', namespace, '--selector', `app=${name}`]
}
