import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'

const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `callback` once when `signal` aborts; the returned function takes it back. One DOM listener serves all: with
 * ten thousand calls on one signal, addEventListener compares each new listener with every one before it.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = listeners.get(signal)
  if (callbacks === undefined) {
    const created = new Set<() => void>()
    callbacks = created
    listeners.set(signal, created)
    signal.addEventListener(
      'abort',
      () => {
        const all = [...created]
        created.clear()
        for (const each of all) each()
      },
      { once: true },
    )
  }
  const registered = callbacks
  registered.add(callback)
  return () => registered.delete(callback)
}

/** The error of a call whose signal has aborted: the signal's own TallymanError, or CANCELLED. */
export function cancellation(signal: AbortSignal): TallymanError {
  const reason: unknown = signal.reason
  if (reason instanceof TallymanError) return reason
  return new TallymanError('CANCELLED', 'The request to the registry was cancelled', { cause: reason })
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancellation(signal)
}

/** `promise`, or the cancellation when `signal` aborts first. What the promise stands for goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  throwIfAborted(signal)
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(cancellation(signal)))
    promise.then(resolve, reject).finally(forget)
  })
}

/** Sleeps by the clock; an abort rejects with the cancellation. */
export function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal)
    let forget: (() => void) | undefined
    const cancel = clock.schedule(ms, () => {
      forget?.()
      resolve()
    })
    if (signal !== undefined) {
      forget = onAbort(signal, () => {
        cancel()
        reject(cancellation(signal))
      })
    }
  })
}
