import { RegistryPool } from '#registry/pool.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import type { Repair } from '#test/harness/damage.ts'
import { startNode, type TestNode } from '#test/harness/node.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { systemClock } from '#time/clock.ts'
import { CASES, type Case, damageCases, referenceOf, writeCases } from './cases.ts'
import { type Pull, pullByPods } from './pulls.ts'
import { type Verdict, verdictsOf } from './verdicts.ts'

export interface Setting {
  readonly version: RegistryVersion
  readonly cache: boolean
}

export const SETTINGS: readonly Setting[] = [
  { version: '2.8', cache: false },
  { version: '2.8', cache: true },
  { version: '3', cache: false },
  { version: '3', cache: true },
]

export type Depth = 'Blobs' | 'Content'

/** What a check says of the image of one case, and what became of it on the node. */
export interface Outcome {
  readonly each: Case
  readonly verdicts: Readonly<Record<Depth, Verdict>>
  readonly pull: Pull
}

export interface Agreement {
  /** One list for each of SETTINGS, in the order of CASES. */
  readonly damaged: readonly (readonly Outcome[])[]
  /** Undoes all damage, without a restart of a registry, looks again and pulls again. */
  repair(): Promise<readonly (readonly Outcome[])[]>
  stop(): Promise<void>
}

/** One registry with the images of all cases. */
interface World {
  readonly registry: TestRegistry
  readonly images: readonly string[]
  readonly repair: Repair
}

/**
 * Lets a check look at the images of CASES in four registries, damaged on disk, and a real node with an empty store
 * pull each of them.
 */
export async function startAgreement(): Promise<Agreement> {
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  const cleanups: (() => Promise<void>)[] = [() => pool.close()]
  const stop = async () => {
    for (let cleanup = cleanups.shift(); cleanup !== undefined; cleanup = cleanups.shift()) await cleanup()
  }
  try {
    const cluster = await startCluster()
    cleanups.unshift(cluster.stop)
    const node = await startNode(cluster)
    cleanups.unshift(node.stop)
    const registries = await Promise.all(SETTINGS.map(startRegistry))
    cleanups.push(...registries.map((registry) => registry.stop))
    const worlds = await Promise.all(registries.map((registry, at) => damagedWorld(pool, node, registry, at)))
    return {
      damaged: await outcomes(pool, cluster, node, worlds),
      repair: () => {
        for (const { repair } of worlds) repair()
        return outcomes(pool, cluster, node, worlds)
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function damagedWorld(
  pool: RegistryPool,
  node: TestNode,
  registry: TestRegistry,
  at: number,
): Promise<World> {
  // The node's store takes a blob from wherever it came: no two registries may share one.
  const prefix = `registry-${at}`
  writeCases(registry.storageDir, prefix)
  const images = CASES.map((each) => `${registry.host}/${referenceOf(each, prefix)}`)
  // The look before the damage fills the cache.
  await look(pool, node, registry, images, 'Blobs')
  return { registry, images, repair: damageCases(registry.storageDir, prefix) }
}

function look(
  pool: RegistryPool,
  node: TestNode,
  { url, host }: TestRegistry,
  images: readonly string[],
  depth: Depth,
): Promise<readonly Verdict[]> {
  const client = pool.client({ url, limits: { concurrency: 16 } })
  return verdictsOf(client, host, images, depth, node.platform)
}

async function outcomes(
  pool: RegistryPool,
  cluster: TestCluster,
  node: TestNode,
  worlds: readonly World[],
): Promise<readonly (readonly Outcome[])[]> {
  const verdicts = await Promise.all(
    worlds.map(async ({ registry, images }) => {
      const blobs = await look(pool, node, registry, images, 'Blobs')
      const content = await look(pool, node, registry, images, 'Content')
      return blobs.map((verdict, at) => ({ Blobs: verdict, Content: content[at] ?? verdict }))
    }),
  )
  const pulls = await pullByPods(
    cluster,
    node,
    worlds.flatMap(({ images }) => images),
  )
  return verdicts.map((ofOne, world) =>
    CASES.map((each, at): Outcome => {
      const verdict = ofOne[at]
      const pull = pulls[world * CASES.length + at]
      if (verdict === undefined || pull === undefined) throw new Error(`nothing is known of ${each.name}`)
      return { each, verdicts: verdict, pull }
    }),
  )
}

/**
 * Where a check and the node differ, in either direction. An image that a check could not examine is no disagreement:
 * it says nothing about it (S22).
 */
export function disagreements(found: readonly Outcome[], depth: Depth): readonly Outcome[] {
  return found.filter(({ verdicts, pull }) => {
    const { state } = verdicts[depth]
    return state !== 'unknown' && (state === 'healthy') !== pull.pulled
  })
}

/** `layer-half: a check says healthy, the pull fails: …` */
export function describeOutcome({ each, verdicts, pull }: Outcome, depth: Depth): string {
  const { state, codes } = verdicts[depth]
  const says = [state, ...codes].join(' ')
  return `${each.name}: a check says ${says}, the pull ${pull.pulled ? 'succeeds' : `fails: ${pull.message}`}`
}
