import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { linkedAbort } from './abort.ts'
import type { ClusterConnection } from './connection.ts'
import type { HeldCount } from './held-count.ts'
import type { Reflector } from './reflector.ts'
import { compareVersions } from './resource-version.ts'
import { lastChange, newest } from './version-probe.ts'
import type { WatchScope } from './watch-stream.ts'

export interface BarrierOptions extends WatchScope {
  readonly connection: ClusterConnection
  /** It must watch what the scope here says. */
  readonly reflector: Pick<Reflector<never>, 'synced' | 'state' | 'reached' | 'followCount' | 'startOver'>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** In all. 5 s leave an idle resource time for one look and most of a second. */
  readonly timeoutMs: number
}

/** A watch that lives and has something to tell shows by itself how far it is, and sooner than a probe. */
const HEAD_START_MS = 50
/** Between two probes. */
const PROBE_PAUSE_MS = 250
/** As often the cluster may count otherwise than the reflector: not every store of it counts at the version that it names. */
const MISCOUNTS = 4

/**
 * Waits until the reflector's sink is known to hold everything that was created before a time, which is returned: ms
 * since the epoch by our clock, taken before the cluster was asked (S03). That its watch is open proves nothing.
 *
 * A consistent list of one object gives the version of the cluster. The sink is there when the reflector's own version
 * is; or when a short watch from that version shows that nothing changed meanwhile; or when the last of the changes
 * that it shows was applied. The bookmarks of the reflector's own watch come once a minute, too seldom to wait for.
 *
 * Measured on Kubernetes 1.37: a resource that changes is done with its next change. An idle one, pods or no Secrets
 * behind a selector alike, takes 0.3 to 2.1 s (half of them 1.1 s, nine of ten 1.8 s; one after another 1.0 to 1.2 s
 * each), and two requests of less than 1 kB. Where a load balancer sends list and watch to different API servers, the
 * first probe may end without a bookmark after 3 s; the next follows. Servers before 1.31, and resources without a watch
 * cache, depend on the progress notifications of etcd, every 5 s with kubeadm.
 *
 * That everything since the reflector's version was applied does not say that its list was complete: a proxy that left
 * objects out may be gone, and the watch goes on from the list that it let through (S29). So the cluster's count has to
 * agree, where it counts.
 *
 * @throws BARRIER_NOT_REACHED after `timeoutMs`; at once when the reflector is not synced, and when the versions of the
 *   cluster have no order; when they went back, or the counts differ time and again (the reflector then starts over) ·
 *   KUBE_* of the list · CANCELLED
 */
export async function barrier(options: BarrierOptions): Promise<number> {
  const { reflector, clock, timeoutMs, signal } = options
  const limit = linkedAbort(signal)
  let isLate = false
  let problem: TallymanError | undefined
  const stopTimer = clock.schedule(timeoutMs, () => {
    isLate = true
    limit.abort(new TallymanError('CANCELLED', 'The barrier took too long'))
  })
  try {
    for (let miscounts = 0; ; ) {
      const time = clock.now()
      const { held, objects } = await reachNewest({ ...options, signal: limit.signal }, (error) => {
        problem = error
      })
      if (objects === undefined || (held.least <= objects && objects <= held.most)) return time
      miscounts += 1
      if (miscounts === MISCOUNTS) {
        reflector.startOver()
        throw notReached(options, `${held.most} objects are held, and the cluster has ${objects}`)
      }
      await clock.sleep(PROBE_PAUSE_MS, limit.signal)
    }
  } catch (thrown) {
    if (isLate) throw notReached(options, `not within ${timeoutMs} ms`, problem)
    if (signal.aborted) throw new TallymanError('CANCELLED', 'The barrier was given up', { cause: thrown })
    throw thrown
  } finally {
    stopTimer()
    limit.release()
  }
}

/**
 * Waits until the sink is where the cluster was when it was asked.
 * @returns how many objects the cluster had then, and how many were held from the question to now: at that version, one of these numbers
 */
async function reachNewest(
  options: BarrierOptions,
  onProblem: (error: TallymanError) => void,
): Promise<{ readonly held: HeldCount; readonly objects: number | undefined }> {
  const { reflector } = options
  if (!reflector.synced) throw notReached(options, 'the watch is not synced')
  const from = reflector.state.resourceVersion
  const held = reflector.followCount()
  try {
    const { resourceVersion, objects } = await newest(options)
    const order = compareVersions(from, resourceVersion)
    if (order === undefined) throw notReached(options, 'the resource versions of the cluster have no order')
    if (order > 0) {
      // No consistent list is older than what was sent before it: this is another history, as of a restored backup (S27).
      reflector.startOver()
      throw notReached(options, `the cluster went back from version ${from} to ${resourceVersion}`)
    }
    if (order < 0) await untilReached(options, resourceVersion, onProblem)
    return { held, objects }
  } finally {
    held.end()
  }
}

/** In one of two ways; the first to know ends the other. */
async function untilReached(
  options: BarrierOptions,
  version: string,
  onProblem: (error: TallymanError) => void,
): Promise<void> {
  const link = linkedAbort(options.signal)
  const ways = [
    options.reflector.reached(version, link.signal),
    untilShown({ ...options, signal: link.signal }, version, onProblem),
  ]
  try {
    await Promise.race(ways)
  } finally {
    link.abort(new TallymanError('CANCELLED', 'The barrier has ended'))
    await Promise.allSettled(ways)
    link.release()
  }
}

/** Probes until one shows which change the sink must hold to be at `version`, and waits for that. */
async function untilShown(
  options: BarrierOptions,
  version: string,
  onProblem: (error: TallymanError) => void,
): Promise<void> {
  const { reflector, clock, signal } = options
  await clock.sleep(HEAD_START_MS, signal)
  for (let isFirst = true; ; isFirst = false) {
    try {
      // Makes the API server that is asked next catch up with etcd: it need not be the one that was asked before.
      if (!isFirst) await newest(options)
      const needed = await lastChange(options, reflector.state.resourceVersion, version)
      if (needed !== undefined) return await reflector.reached(needed, signal)
    } catch (thrown) {
      if (signal.aborted) throw thrown
      // The reflector's own watch may get there all the same: by a new list, where the version has expired.
      onProblem(asTallymanError(thrown))
    }
    await clock.sleep(PROBE_PAUSE_MS, signal)
  }
}

function notReached({ resource }: BarrierOptions, why: string, cause?: TallymanError): TallymanError {
  const message = `What is held of ${resource.plural} is not known to be complete: ${why}`
  return new TallymanError('BARRIER_NOT_REACHED', message, cause === undefined ? {} : { cause })
}
