import type { Entry } from '#test/harness/etcd/put-all.ts'
import {
  letters,
  type StoredContainers,
  type StoredMeta,
  type StoredOwner,
  storedContainers,
  storedCronJob,
  storedDaemonSet,
  storedJob,
  storedNode,
  storedPod,
  storedReplicated,
  storedRevision,
  uidOf,
} from '#test/harness/etcd/stored-objects.ts'

/** Different images that pods use, and environment variables of their two containers, as in bench/watch. */
export const IMAGES = 3_500
const SETTINGS = [31, 10]
/** Of pods; names of workloads are shorter by what their pods add. */
const NAME_LENGTH = 60
const NAMESPACES = 50
/** How many of each a cluster has for every thousand pods: 800 + 80 + 40 + 40 + 20 + 20 pods. */
const DEPLOYMENTS = 100
const STATEFUL_SETS = 20
const DAEMON_SETS = 2
const CRON_JOBS = 10
const ROLLOUTS = 4
const ALONE = 20
const PODS_OF = { Deployment: 8, StatefulSet: 4, CronJob: 4, Rollout: 5 }
/** In the life of a cluster of a thousand pods its DaemonSets put 40 on its 20 nodes. */
const NODES = 20
/** ReplicaSets and revisions that a rollback would bring back, of each workload that has them. */
const OLD_REVISIONS = 2
/** The kubelet reports no more. */
const CACHED_PER_NODE = 50

/** Everything of a cluster that goes straight into its etcd. Workloads that use the same two of all images are 1,750 apart. */
export function* population(thousands: number): Generator<Entry> {
  const place = placer(thousands * NODES)
  let number = 0
  const next = () => new Workload(number++)
  for (let node = 0; node < thousands * NODES; node += 1) yield cachingNode(node)
  // No DaemonSet is larger with the cluster but for its nodes.
  for (let n = 0; n < DAEMON_SETS; n += 1) yield* daemonSet(next(), thousands * NODES, place)
  for (let n = 0; n < DEPLOYMENTS * thousands; n += 1) yield* deployment(next(), place)
  for (let n = 0; n < STATEFUL_SETS * thousands; n += 1) yield* statefulSet(next(), place)
  for (let n = 0; n < CRON_JOBS * thousands; n += 1) yield* cronJob(next(), place)
  for (const rollout of rollouts(thousands)) yield* rolloutSet(rollout, next(), place)
  for (let n = 0; n < ALONE * thousands; n += 1) {
    const workload = next()
    yield pod(workload, workload.named('alone', NAME_LENGTH), undefined, place())
  }
}

/** The Argo Rollouts that own ReplicaSets of the population: custom objects are not written into etcd, but created. */
export function rollouts(thousands: number): { readonly name: string; readonly namespace: string }[] {
  return Array.from({ length: ROLLOUTS * thousands }, (_, n) => ({
    name: `rollout-${n}-`.padEnd(NAME_LENGTH - 17, 'rollout'),
    namespace: namespaceAt(n),
  }))
}

export function namespaces(): string[] {
  return Array.from({ length: NAMESPACES }, (_, n) => namespaceAt(n))
}

/** One of all images as bench/watch names them, or what it was some revisions ago. */
export function imageAt(number: number, revision = 0): string {
  const at = number % IMAGES
  const tag = revision === 0 ? `v1.${at}` : `v1.${at}-${revision}`
  return `registry.example.com/team-${at % 50}/app-${at}:${tag}`
}

/** What objects that belong together share. */
class Workload {
  readonly #number: number
  readonly namespace: string
  readonly containers: StoredContainers

  constructor(number: number) {
    this.#number = number
    this.namespace = namespaceAt(number)
    this.containers = storedContainers(this.images(), SETTINGS)
  }

  /** A sidecar stays as it is when the application is rolled out. */
  images(revision = 0): string[] {
    return [imageAt(this.#number * 2, revision), imageAt(this.#number * 2 + 1)]
  }

  containersOf(revision: number): StoredContainers {
    return revision === 0 ? this.containers : storedContainers(this.images(revision), SETTINGS)
  }

  named(prefix: string, length: number): StoredMeta {
    return this.meta(`${prefix}-${this.#number}-`.padEnd(length, 'abcdefghij'))
  }

  meta(name: string, owner?: StoredOwner): StoredMeta {
    const { namespace } = this
    return { namespace, name, uid: uidOf(`${namespace}/${name}`), owner }
  }
}

type Place = () => string

function* deployment(workload: Workload, place: Place): Generator<Entry> {
  const meta = workload.named('deploy', NAME_LENGTH - 17)
  const replicas = PODS_OF.Deployment
  yield entry('deployments', meta, storedReplicated('Deployment', meta, workload.containers, replicas))
  for (let revision = 0; revision <= OLD_REVISIONS; revision += 1) {
    const set = workload.meta(
      `${meta.name}-${letters(`${meta.name} ${revision}`, 10)}`,
      owner('Deployment', meta),
    )
    const count = revision === 0 ? replicas : 0
    yield entry(
      'replicasets',
      set,
      storedReplicated('ReplicaSet', set, workload.containersOf(revision), count),
    )
    yield* podsOf(workload, 'ReplicaSet', set, count, place)
  }
}

function* statefulSet(workload: Workload, place: Place): Generator<Entry> {
  const meta = workload.named('stateful', NAME_LENGTH - 2)
  const replicas = PODS_OF.StatefulSet
  yield entry('statefulsets', meta, storedReplicated('StatefulSet', meta, workload.containers, replicas))
  yield* revisionsOf(workload, 'StatefulSet', meta)
  for (let n = 0; n < replicas; n += 1) {
    yield pod(workload, workload.meta(`${meta.name}-${n}`), owner('StatefulSet', meta), place())
  }
}

function* daemonSet(workload: Workload, nodes: number, place: Place): Generator<Entry> {
  const meta = workload.named('daemon', NAME_LENGTH - 6)
  yield entry('daemonsets', meta, storedDaemonSet(meta, workload.containers))
  yield* revisionsOf(workload, 'DaemonSet', meta)
  yield* podsOf(workload, 'DaemonSet', meta, nodes, place)
}

/** Its Jobs have run. */
function* cronJob(workload: Workload, place: Place): Generator<Entry> {
  const meta = workload.named('cron', NAME_LENGTH - 15)
  yield entry('cronjobs', meta, storedCronJob(meta, workload.containers))
  for (let n = 0; n < PODS_OF.CronJob; n += 1) {
    const job = workload.meta(`${meta.name}-${29_000_000 + n}`, owner('CronJob', meta))
    yield entry('jobs', job, storedJob(job, workload.containers))
    yield* podsOf(workload, 'Job', job, 1, place, true)
  }
}

/** The name of the ReplicaSet does not tell that a Rollout owns it. */
function* rolloutSet(
  { name, namespace }: { name: string; namespace: string },
  workload: Workload,
  place: Place,
): Generator<Entry> {
  const by: StoredOwner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid: uidOf(name) }
  const set = { ...workload.meta(`${name}-${letters(name, 10)}`, by), namespace }
  const replicas = PODS_OF.Rollout
  yield entry('replicasets', set, storedReplicated('ReplicaSet', set, workload.containers, replicas))
  yield* podsOf(workload, 'ReplicaSet', set, replicas, place)
}

function* revisionsOf(workload: Workload, kind: string, of: StoredMeta): Generator<Entry> {
  for (let revision = 0; revision <= OLD_REVISIONS; revision += 1) {
    const name = `${of.name.slice(0, 48)}-${letters(`${of.name} ${revision}`, 10)}`
    const meta = workload.meta(name, owner(kind, of))
    yield entry('controllerrevisions', meta, storedRevision(meta, workload.images(revision), revision + 1))
  }
}

function* podsOf(
  workload: Workload,
  kind: string,
  of: StoredMeta,
  count: number,
  place: Place,
  finished = false,
): Generator<Entry> {
  for (let n = 0; n < count; n += 1) {
    const meta = {
      ...workload.meta(`${of.name}-${n.toString(36).padStart(3, '0')}${letters(of.name, 2)}`),
      namespace: of.namespace,
    }
    yield pod(workload, meta, owner(kind, of), place(), finished)
  }
}

function pod(
  { containers }: Workload,
  meta: StoredMeta,
  by: StoredOwner | undefined,
  node: string,
  finished = false,
): Entry {
  return entry('pods', meta, storedPod({ ...meta, owner: by }, containers, node, finished))
}

function cachingNode(number: number): Entry {
  const cached = Array.from({ length: CACHED_PER_NODE }, (_, n) => imageAt(number * 17 + n))
  const name = nodeName(number)
  return { key: `/registry/minions/${name}`, value: storedNode(name, cached) }
}

function entry(plural: string, { namespace = '', name }: StoredMeta, value: Buffer): Entry {
  return { key: `/registry/${plural}/${namespace}/${name}`, value }
}

function owner(kind: string, { name, uid }: StoredMeta): StoredOwner {
  return { apiVersion: kind === 'Job' || kind === 'CronJob' ? 'batch/v1' : 'apps/v1', kind, name, uid }
}

/** The nodes in turn. */
function placer(nodes: number): Place {
  let placed = 0
  return () => nodeName(placed++ % nodes)
}

function nodeName(number: number): string {
  return `node-${number}.example.internal`
}

function namespaceAt(number: number): string {
  return `team-${number % NAMESPACES}`
}
