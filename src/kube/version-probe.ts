import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { linkedAbort } from './abort.ts'
import type { WatchCodec } from './codec.ts'
import type { ClusterConnection } from './connection.ts'
import { jsonCodec } from './json-codec.ts'
import { resourcePath } from './resource.ts'
import { compareVersions } from './resource-version.ts'
import { runWatch, type WatchScope } from './watch-stream.ts'

/**
 * The API server sends a bookmark 2 s before a watch ends, in the first second in which a tick of about 1 s falls
 * (cacher.go, nextBookmarkTime): with 3 s after 0 to 2.25 s, with 2 s or less never.
 */
const PROBE_SECONDS = 3

/** Behind a selector the server does not say how many there are: up to so many are counted by their metadata. */
const COUNTED_BEHIND_SELECTOR = 500

/** A store that is further behind than this catches up by its own watch, not by what a probe reads. */
const MAX_PROBE_EVENTS = 1_000

const METADATA_ONLY = 'g=meta.k8s.io;v=v1'

/** No more than metadata travels, so nothing of a Secret does; a server without this form sends whole objects. */
const METADATA: WatchCodec<undefined> = {
  ...jsonCodec(() => undefined),
  watchType: `application/json;as=PartialObjectMetadata;${METADATA_ONLY},application/json`,
  listType: `application/json;as=PartialObjectMetadataList;${METADATA_ONLY},application/json`,
}

export interface ProbeOptions extends WatchScope {
  readonly connection: ClusterConnection
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What a cluster holds of a resource at one moment. */
export interface Newest {
  readonly resourceVersion: string
  /** How many; undefined where the server did not count. */
  readonly objects: number | undefined
}

/**
 * How it stands at this moment or later, by a consistent list of one object at most, without a selector. It also makes the watch cache of
 * the API server that answers catch up with etcd, up to 100 ms after an idle while.
 * @throws KUBE_*, CANCELLED
 */
export async function newest(options: ProbeOptions): Promise<Newest> {
  const { connection, resource, namespace, fieldSelector, labelSelector, signal } = options
  const isSelected = fieldSelector !== undefined || labelSelector !== undefined
  const { body } = await connection.request({
    method: 'GET',
    path: resourcePath(resource, { namespace }),
    query: { limit: isSelected ? COUNTED_BEHIND_SELECTOR : 1, fieldSelector, labelSelector },
    accept: METADATA.listType,
    signal,
  })
  const { items, resourceVersion, continue: next, remaining } = METADATA.page(body)
  const rest = next === '' ? 0 : remaining
  return { resourceVersion, objects: rest === undefined ? undefined : [...items].length + rest }
}

/**
 * The version of the last change after `from` and up to `to`; `from` where nothing changed. Asks by a short watch.
 * Undefined when the answer ended before `to` was seen, or there is too much to read.
 * @throws KUBE_* (KUBE_EXPIRED: `from` is too old), CANCELLED
 */
export async function lastChange(
  options: ProbeOptions,
  from: string,
  to: string,
): Promise<string | undefined> {
  const { connection, clock, resource, namespace, fieldSelector, labelSelector } = options
  const link = linkedAbort(options.signal)
  let last = from
  let events = 0
  let isComplete = false
  try {
    await runWatch({
      ...{ connection, clock, codec: METADATA, signal: link.signal },
      scope: { resource, namespace, fieldSelector, labelSelector },
      random: Math.random,
      resourceVersion: from,
      initialEvents: false,
      timeoutSeconds: PROBE_SECONDS,
      onOpen: () => undefined,
      onBytes: () => undefined,
      onEvent: ({ type, resourceVersion }) => {
        if (link.signal.aborted) return
        const order = compareVersions(resourceVersion, to)
        if (order === undefined) {
          throw new TallymanError('KUBE_WATCH_BROKEN', `The versions of ${resource.plural} have no order`)
        }
        if (type !== 'BOOKMARK' && order <= 0) last = resourceVersion
        isComplete = order >= 0
        events += 1
        if (isComplete || events >= MAX_PROBE_EVENTS) link.abort(STOP)
      },
    })
  } catch (error) {
    if (error !== STOP) throw error
  } finally {
    link.release()
  }
  return isComplete ? last : undefined
}

const STOP = new TallymanError('CANCELLED', 'The probe has seen what it asked for')
