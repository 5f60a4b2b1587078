import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { linkedAbort } from './abort.ts'
import type { WatchCodec, WatchEvent } from './codec.ts'
import type { ClusterConnection } from './connection.ts'
import { statusError } from './errors.ts'
import { type Resource, resourcePath } from './resource.ts'

/** Which objects: one resource, of one namespace or all, perhaps selected. */
export interface WatchScope {
  readonly resource: Resource
  readonly namespace?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly labelSelector?: string | undefined
}

/**
 * Without a byte for this long a connection is taken for dead. The API server sends a bookmark about every 60 s, and
 * kopf found 70 s to be enough.
 */
export const SILENCE_MS = 75_000

const SHORTEST_SECONDS = 300

export interface WatchStreamOptions<T> {
  readonly connection: ClusterConnection
  readonly scope: WatchScope
  readonly codec: WatchCodec<T>
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  /** Empty: from the newest state. */
  readonly resourceVersion: string
  /** Begin with every object that exists, ended by a bookmark with `initialEventsEnd` (WatchList, KEP-3157). */
  readonly initialEvents: boolean
  /** After how long the server ends the watch. Default: a random 5 to 10 minutes, so that watches do not all return at once. */
  readonly timeoutSeconds?: number | undefined
  /** The server has accepted the watch. */
  readonly onOpen: () => void
  readonly onBytes: (count: number) => void
  /** Called in order; ERROR events are thrown instead. */
  readonly onEvent: (event: Exclude<WatchEvent<T>, { type: 'ERROR' }>) => void
}

/**
 * One watch request, from its start to its end. Resolves when the server ends it, after `timeoutSeconds` or at any
 * other time.
 * @throws KUBE_* as the server answers, also for an ERROR event · KUBE_UNREACHABLE when the connection breaks ·
 *   KUBE_WATCH_BROKEN (detail `silent`) after SILENCE_MS without a byte · CANCELLED
 */
export async function runWatch<T>(options: WatchStreamOptions<T>): Promise<void> {
  const { scope, codec, clock } = options
  const request = {
    method: 'GET',
    path: resourcePath(scope.resource, { namespace: scope.namespace }),
  } as const
  const link = linkedAbort(options.signal)
  const silence = watchForSilence(clock, () => {
    const message = `GET ${request.path}: the watch has been silent for ${SILENCE_MS / 1_000} s`
    link.abort(new TallymanError('KUBE_WATCH_BROKEN', message, { details: { silent: true } }))
  })
  try {
    const stream = await options.connection.stream({
      ...request,
      query: watchQuery(options),
      accept: codec.watchType,
      signal: link.signal,
    })
    const onFrame = (frame: Buffer) => {
      const event = codec.event(frame)
      if (event.type === 'ERROR') throw statusError(request, event.status)
      options.onEvent(event)
    }
    options.onOpen()
    silence.heard()
    const splitter = codec.splitter()
    await stream.read((chunk) => {
      // What had arrived before the end is not of this watch any more.
      link.signal.throwIfAborted()
      silence.heard()
      options.onBytes(chunk.length)
      splitter.push(chunk, onFrame)
    })
    if (splitter.pending > 0) {
      throw new TallymanError('KUBE_WATCH_BROKEN', `GET ${request.path}: the watch ended within an event`)
    }
  } finally {
    silence.stop()
    link.release()
  }
}

function watchQuery<T>(options: WatchStreamOptions<T>) {
  const { scope, initialEvents, resourceVersion, random } = options
  return {
    watch: true,
    allowWatchBookmarks: true,
    timeoutSeconds: options.timeoutSeconds ?? Math.floor(SHORTEST_SECONDS * (1 + random())),
    fieldSelector: scope.fieldSelector,
    labelSelector: scope.labelSelector,
    resourceVersion: resourceVersion === '' ? undefined : resourceVersion,
    ...(initialEvents ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } : {}),
  }
}

/** Calls back once when heard() was not called for SILENCE_MS. One timer at a time, none armed per chunk. */
function watchForSilence(clock: Clock, onSilence: () => void): { heard(): void; stop(): void } {
  let heardAt = clock.monotonic()
  const check = () => {
    const rest = heardAt + SILENCE_MS - clock.monotonic()
    if (rest <= 0) onSilence()
    else cancel = clock.schedule(rest, check)
  }
  let cancel = clock.schedule(SILENCE_MS, check)
  return {
    heard: () => {
      heardAt = clock.monotonic()
    },
    stop: () => cancel(),
  }
}
