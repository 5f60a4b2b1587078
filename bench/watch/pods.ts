import type { KubeClient } from '#kube/client.ts'
import { PODS } from '#kube/resource.ts'

export const NAMESPACE = 'bench'
export const POD_COUNT = 10_000
const IMAGES = 3_500

/** A pod of about 7.8 KB of JSON: two containers, a name of 60 characters, one of 3,500 images a container. */
export function benchPod(number: number): {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace: string }
} {
  const name = `bench-${String(number).padStart(6, '0')}-`.padEnd(60, 'abcdefghij')
  const env = Array.from({ length: 31 }, (_, at) => ({
    name: `SETTING_${at}`,
    value: `value-${number}-${at}`.padEnd(48, 'x'),
  }))
  const container = (at: number) => ({
    name: `container-${at}`,
    image: `registry.example.com/team-${(number * 2 + at) % 50}/app-${(number * 2 + at) % IMAGES}:v1.${(number * 2 + at) % IMAGES}`,
    env: at === 0 ? env : env.slice(0, 10),
  })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE },
    spec: { containers: [container(0), container(1)] },
  } as ReturnType<typeof benchPod>
}

/** A pod as small as pods get, with an image of its own. */
export function latencyPod(number: number) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `latency-${number}`, namespace: NAMESPACE },
    spec: { containers: [{ name: 'app', image: latencyImage(number) }] },
  }
}

export function latencyImage(number: number): string {
  return `registry.example.com/latency/app:${number}`
}

/** Creates objects over 16 connections. */
export async function createAll(
  client: KubeClient,
  pods: Iterable<ReturnType<typeof benchPod>>,
): Promise<void> {
  const iterator = pods[Symbol.iterator]()
  const worker = async () => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next())
      await client.create(PODS, next.value)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}
