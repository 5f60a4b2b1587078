import type { ConditionReason } from '#catalogue/reasons.ts'
import { type ImageInventoryStatus, UNMATCHED_HOSTS_IN_STATUS } from '#crds/image-inventory.ts'
import type { ClusterView, InventorySnapshot } from '#inventory/snapshot.ts'
import type { SourceView } from '#inventory/source-view.ts'
import type { SuspectedAlias } from '#inventory/suspected-aliases.ts'
import type { Distrust } from '#inventory/trust/distrust.ts'
import type { Unmatched } from '#inventory/unmatched.ts'
import {
  getCondition,
  type NewCondition,
  rfc3339Seconds,
  type Stamp,
  setCondition,
} from '#runtime/conditions.ts'
import { markReady } from '#runtime/kstatus-marks.ts'

/** As image-inventory.ts bounds them: the API server refuses a status with a longer text as a whole. */
const MAX_HOST = 255
const MAX_MESSAGE = 1024
const MAX_NAME = 317
const MAX_FROZEN_NAME = 600
const MAX_IDENTITY = 64
const MAX_CLUSTERS = 64
const MAX_SOURCES = 64
const MAX_CONDITION_MESSAGE = 4096

/** What an inventory's status says besides the snapshot itself. */
export interface InventoryFindings {
  readonly unmatched: Unmatched
  readonly suspectedAliases: readonly SuspectedAlias[]
}

/** The status that a snapshot stands for. */
export function inventoryStatus(
  status: ImageInventoryStatus,
  snapshot: InventorySnapshot,
  { unmatched, suspectedAliases }: InventoryFindings,
  stamp: Stamp,
): ImageInventoryStatus {
  const marked = markReady(
    status,
    stamp,
    'The spec is understood; whether the list is complete is the condition Synced, whether it is good enough to delete by, Trusted',
  )
  const synced = setCondition(marked.conditions, syncedCondition(snapshot), stamp)
  const trusted = trustedCondition(snapshot, getCondition(status.conditions ?? [], 'Trusted')?.status)
  const { clusters, coveredMs } = snapshot
  const count = clusters.filter((cluster) => cluster.synced).length
  const { coveredSince: _before, ...rest } = status
  return {
    ...rest,
    ...marked,
    conditions: trusted === undefined ? synced : setCondition(synced, trusted, stamp),
    clustersTotal: clusters.length,
    clustersSynced: count,
    clustersSummary: `${count}/${clusters.length}`,
    clusters: [...clusters]
      .sort((a, b) => Number(isFine(a)) - Number(isFine(b)))
      .slice(0, MAX_CLUSTERS)
      .map((cluster) => {
        const before = status.clusters?.find(({ name }) => name === cluster.name.slice(0, MAX_NAME))
        return clusterStatus(cluster, before?.trusted === true, stamp.now)
      }),
    frozen: snapshot.frozen.slice(0, MAX_CLUSTERS).map(({ name, identity, images, watchedUntil }) => ({
      name: name.slice(0, MAX_FROZEN_NAME),
      identity: identity.slice(0, MAX_IDENTITY),
      images,
      watchedUntil: rfc3339Seconds(watchedUntil),
    })),
    images: snapshot.images.length,
    remembered: rememberedOnly(snapshot),
    pods: snapshot.pods,
    ...(coveredMs === undefined ? {} : { coveredSince: coveredSince(coveredMs, stamp.now) }),
    unparsable: unmatched.unparsable,
    unmatchedImages: unmatched.images,
    unmatchedHosts: unmatched.hosts
      .slice(0, UNMATCHED_HOSTS_IN_STATUS)
      // A pod may name a host of any length.
      .map(({ host, images }) => ({ host: host.slice(0, MAX_HOST), images })),
    suspectedAliases: suspectedAliases
      .slice(0, UNMATCHED_HOSTS_IN_STATUS)
      .map(({ host, prefix, registry, images, example }) => ({
        host: host.slice(0, MAX_HOST),
        ...(prefix === '' ? {} : { prefix: prefix.slice(0, MAX_HOST) }),
        registry,
        images,
        example: example.slice(0, MAX_MESSAGE),
      })),
  }
}

function clusterStatus(cluster: ClusterView, wasTrusted: boolean, now: number) {
  const { name, identity, synced, notSynced, sameAs, images, pods, coveredMs, sources } = cluster
  const lasts = lasting(cluster.distrusts)
  const distrusts = wasTrusted && lasts.every(({ reason }) => reason === PASSING) ? [] : lasts
  const what = notSynced ?? distrusts.map((distrust) => distrust.message).join('; ')
  const message = sameAs === undefined ? what : `Not watched: it is the same cluster as ${sameAs}`
  const open = sources.filter(({ state }) => state !== 'synced')
  return {
    name: name.slice(0, MAX_NAME),
    ...(identity === undefined ? {} : { identity: identity.slice(0, MAX_IDENTITY) }),
    synced,
    trusted: synced && distrusts.length === 0,
    ...(message === '' ? {} : { message: message.slice(0, MAX_MESSAGE) }),
    ...{ images, pods },
    ...(coveredMs === undefined ? {} : { coveredSince: coveredSince(coveredMs, now) }),
    sources: open.slice(0, MAX_SOURCES).map(sourceStatus),
  }
}

const SOURCE_STATES = {
  synced: 'Synced',
  listing: 'Listing',
  broken: 'Broken',
  forbidden: 'Forbidden',
  'not-installed': 'NotInstalled',
} as const

function sourceStatus({ name, state, message }: SourceView) {
  return {
    name: name.slice(0, MAX_NAME),
    state: SOURCE_STATES[state],
    ...(message === undefined ? {} : { message: message.slice(0, MAX_MESSAGE) }),
  }
}

function isFine({ synced, distrusts }: ClusterView): boolean {
  return synced && distrusts.length === 0
}

function syncedCondition(snapshot: InventorySnapshot): NewCondition {
  if (snapshot.synced) {
    const clusters = snapshot.clusters.filter(({ synced }) => synced).map(({ name }) => name)
    const message = cut(`Complete and live: ${clusters.join(', ')}`)
    return { type: 'Synced', status: 'True', reason: 'AllSynced', message }
  }
  const message = cut(snapshot.notSynced.join('; '))
  return { type: 'Synced', status: 'False', reason: whyNotSynced(snapshot), message }
}

/** The reason of the first required cluster that is not synced. */
function whyNotSynced({ clusters }: InventorySnapshot): ConditionReason {
  const cluster = clusters.find(({ required, synced, sameAs }) => required && !synced && sameAs === undefined)
  if (cluster === undefined) return 'WatchBroken'
  if (cluster.unreachable !== undefined) return 'ClusterUnreachable'
  const [problem] = cluster.distrusts
  if (problem?.reason === 'IdentityChanged' || problem?.reason === 'DuplicateCluster') return problem.reason
  const states = new Set(cluster.sources.filter(({ blocks }) => blocks).map(({ state }) => state))
  if (states.has('forbidden')) return 'SourceForbidden'
  if (states.has('not-installed')) return 'SourceNotInstalled'
  return cluster.sources.length === 0 ? 'ClusterUnreachable' : 'WatchBroken'
}

/**
 * undefined: as it was. Between the opening of a watch and the cluster's answer who it is, a moment passes that is no news.
 */
function trustedCondition(snapshot: InventorySnapshot, before: string | undefined): NewCondition | undefined {
  if (!snapshot.synced) {
    const message = 'What is not complete is not good enough to delete by'
    return { type: 'Trusted', status: 'False', reason: 'InventoryNotSynced', message }
  }
  const distrusts = lasting(snapshot.distrusts)
  const [first] = distrusts
  if (first === undefined) {
    const message = 'Every cluster is the one that is meant, and shows what it should'
    return { type: 'Trusted', status: 'True', reason: 'AllTrusted', message }
  }
  if (first.reason === PASSING && before === 'True') return undefined
  const message = distrusts
    .map(({ cluster, message: why }) => (cluster === undefined ? why : `${cluster}: ${why}`))
    .join('; ')
  return { type: 'Trusted', status: 'False', reason: first.reason, message: cut(message) }
}

/** Passes within a moment after a watch was opened; beside anything that lasts it is not worth a word. */
const PASSING = 'IdentityUnverified'

function lasting<D extends Distrust>(distrusts: readonly D[]): readonly D[] {
  const others = distrusts.filter(({ reason }) => reason !== PASSING)
  return others.length > 0 ? others : distrusts
}

/** Distinct images that count only because they were used lately. */
function rememberedOnly({ images, remembered }: InventorySnapshot): number {
  const live = new Set(images.map(({ image }) => image))
  return new Set(remembered.map(({ image }) => image).filter((image) => !live.has(image))).size
}

/** To the minute, rather too late than too early: to the second it would change with every look. Never in the future. */
function coveredSince(coveredMs: number, now: number): string {
  return rfc3339Seconds(Math.min(now, Math.ceil((now - coveredMs) / 60_000) * 60_000))
}

function cut(message: string): string {
  return message.slice(0, MAX_CONDITION_MESSAGE)
}
