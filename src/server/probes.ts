import type { WatchLoop } from '#kube/reflector.ts'
import type { Controller } from '#runtime/controller.ts'
import type { Cache } from '#runtime/resource-watch.ts'
import type { Clock } from '#time/clock.ts'

/** One question of a probe. The answer is what is wrong, or undefined. */
export interface Check {
  readonly name: string
  check(): string | undefined
}

export interface ProbeAnswer {
  readonly ok: boolean
  /** One line a check, in the manner of the API server: `[+]caches ok`. */
  readonly text: string
}

/** A run that goes on this long after its time limit does not listen to its signal. */
const WORKER_GRACE_MS = 60_000
/** A watch tries again after two minutes at most, is opened anew every ten, and a quiet one hears a bookmark a minute. */
const WATCH_STALL_MS = 15 * 60_000
/** After this long nothing that an ImageInventory says keeps a replica from being ready. */
const FIRST_LOOK_MS = 120_000

export function runProbe(checks: readonly Check[]): ProbeAnswer {
  const results = checks.map(({ name, check }) => ({ name, problem: check() }))
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name}: ${problem}`,
  )
  return { ok: results.every(({ problem }) => problem === undefined), text: `${lines.join('\n')}\n` }
}

/** Ready: every cache is complete and live. A standby counts as ready. */
export function cachesSynced(caches: readonly Cache[]): Check {
  return {
    name: 'caches',
    check: () => {
      const waiting = caches.filter((cache) => !cache.synced).map(({ name }) => name)
      return waiting.length === 0 ? undefined : `not synced: ${waiting.join(', ')}`
    },
  }
}

/**
 * Ready, and so it stays: of every inventory that there was at the start, the cluster that we run in was looked at, so that who takes
 * over has warm tables. Neither an inventory that comes later nor another cluster, which may be down, makes a replica unready.
 * @param unseen the inventories that are waited for, once the caches are complete
 */
export function inventoriesSeen(
  caches: readonly Cache[],
  unseen: () => readonly string[],
  clock: Clock,
): Check {
  let begunAt: number | undefined
  let isDone = false
  return {
    name: 'inventories',
    check: () => {
      if (isDone) return undefined
      if (!caches.every(({ synced }) => synced)) return 'not known yet'
      const now = clock.monotonic()
      begunAt ??= now
      const waiting = unseen()
      isDone = waiting.length === 0 || now - begunAt > FIRST_LOOK_MS
      return isDone ? undefined : `not looked at yet: ${[...new Set(waiting)].join(', ')}`
    },
  }
}

/** Live: no worker hangs in a run that was told to stop. */
export function workersLive(controllers: readonly Controller[]): Check {
  return {
    name: 'workers',
    check: () => {
      const keys = controllers.flatMap((controller) =>
        controller.wedged(WORKER_GRACE_MS).map((key) => `${controller.name} ${key}`),
      )
      return keys.length === 0 ? undefined : `hung: ${keys.join(', ')}`
    },
  }
}

/**
 * Live: every watch loop still turns. One that fails and tries again does; an outage of the API server restarts nobody.
 * Judged by change between probes and not by the dates in the state: a clock that is set must not end the process.
 * @param loops those that there are now, each by a name of its own
 */
export function watchesLive(loops: () => readonly WatchLoop[], clock: Clock): Check {
  let seen = new Map<string, Sighting>()
  return {
    name: 'watches',
    check: () => {
      const now = clock.monotonic()
      const before = seen
      seen = new Map(
        loops().map(({ name, state: { phase, since, lastByteAt } }) => {
          const sign = `${phase} ${since} ${lastByteAt}`
          const last = before.get(name)
          return [name, last?.sign === sign ? last : { sign, changedAt: now }]
        }),
      )
      const stalled = [...seen].filter(([, { changedAt }]) => now - changedAt > WATCH_STALL_MS)
      return stalled.length === 0 ? undefined : `stalled: ${stalled.map(([name]) => name).join(', ')}`
    },
  }
}

/** How a loop was seen, and since when it is like that, monotonic ms. */
interface Sighting {
  readonly sign: string
  readonly changedAt: number
}
