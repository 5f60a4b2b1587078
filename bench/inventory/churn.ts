import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import { PODS } from '#kube/resource.ts'
import { systemClock } from '#time/clock.ts'

const BARE_WATCH = path.join(import.meta.dirname, '../watch/bare-watch.ts')
export const CHURN_IMAGE = 'registry.example.com/churn/app:'
export const CHANGES_A_SECOND = 300
/** Half of all changes: a pod that was made is deleted while others are made. */
const PODS_COUNT = 1_500
const LIVES = 300

/** Makes and deletes pods in all clusters in turn, each pod with an image of its own. @returns when a bare watch saw each image, ms since the epoch */
export async function churn(
  kubeconfigs: readonly string[],
  namespace: string,
): Promise<Readonly<Record<string, number>>> {
  const clients = await Promise.all(
    kubeconfigs.map(async (kubeconfig) => {
      const connection = await connect({ kubeconfig, clock: systemClock })
      return { connection, client: new KubeClient(connection) }
    }),
  )
  const watches = await Promise.all(
    kubeconfigs.map(async (kubeconfig) => {
      const input = JSON.stringify({ kubeconfig, namespace, count: PODS_COUNT / kubeconfigs.length })
      const watch = spawn(process.execPath, [BARE_WATCH, input], { stdio: ['ignore', 'pipe', 'pipe'] })
      await once(watch.stderr, 'data')
      return { printed: text(watch.stdout) }
    }),
  )
  const created: Promise<void>[] = []
  const deleted: Promise<void>[] = []
  for await (const number of paced(PODS_COUNT + LIVES, CHANGES_A_SECOND / 2)) {
    const { client } = clients[number % clients.length] ?? {}
    if (number < PODS_COUNT) created.push(create(client, namespace, number))
    const past = number - LIVES
    if (past >= 0) deleted.push(remove(client, namespace, past, created[past]))
  }
  await Promise.all([...created, ...deleted])
  const seen: Record<string, number> = {}
  for (const { printed } of watches) {
    const byName: Record<string, number> = JSON.parse(await printed)
    for (const [name, at] of Object.entries(byName)) seen[CHURN_IMAGE + name.slice('latency-'.length)] = at
  }
  await Promise.all(clients.map(({ connection }) => connection.close()))
  return seen
}

async function create(client: KubeClient | undefined, namespace: string, number: number): Promise<void> {
  const metadata = { name: `latency-${number}`, namespace }
  const spec = { containers: [{ name: 'app', image: `${CHURN_IMAGE}${number}` }] }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  await client?.create(PODS, pod)
}

/** @param created its creation, sent two seconds ago: that it was answered is likely */
async function remove(
  client: KubeClient | undefined,
  namespace: string,
  number: number,
  created: Promise<void> | undefined,
): Promise<void> {
  await created
  await client?.delete(PODS, { namespace, name: `latency-${number}` })
}

async function* paced(count: number, perSecond: number): AsyncGenerator<number> {
  const started = performance.now()
  for (let number = 0; number < count; number += 1) {
    const due = started + (number / perSecond) * 1000
    if (due > performance.now()) await systemClock.sleep(due - performance.now())
    yield number
  }
}
