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
/** Every watch is opened anew at least every ten minutes, and a quiet one hears a bookmark a minute. */
const WATCH_STALL_MS = 15 * 60_000

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
 */
export function watchesLive(caches: readonly Cache[], clock: Clock): Check {
  const seen = new Map<Cache, { sign: string; changedAt: number }>()
  const stalled = (cache: Cache): boolean => {
    const { phase, since, lastEventAt } = cache.state
    const sign = `${phase} ${since} ${lastEventAt}`
    const before = seen.get(cache)
    if (before?.sign === sign) return clock.monotonic() - before.changedAt > WATCH_STALL_MS
    seen.set(cache, { sign, changedAt: clock.monotonic() })
    return false
  }
  return {
    name: 'watches',
    check: () => {
      const names = caches.filter(stalled).map(({ name }) => name)
      return names.length === 0 ? undefined : `stalled: ${names.join(', ')}`
    },
  }
}
