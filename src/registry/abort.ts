import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'

const listeners = new WeakMap<AbortSignal, AbortCallbacks>()

/**
 * Calls `callback` once when `signal` aborts; the returned function takes it back. One DOM listener serves all: with
 * ten thousand calls on one signal, addEventListener compares each new listener with every one before it.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = listeners.get(signal) ?? new AbortCallbacks(signal)
  listeners.set(signal, callbacks)
  return callbacks.add(callback)
}

class AbortCallbacks {
  readonly #signal: AbortSignal
  readonly #callbacks = new Set<() => void>()
  readonly #listener = () => {
    const all = [...this.#callbacks]
    this.#callbacks.clear()
    for (const each of all) each()
  }

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(callback: () => void): () => void {
    if (this.#callbacks.size === 0) this.#signal.addEventListener('abort', this.#listener, { once: true })
    this.#callbacks.add(callback)
    return () => {
      // Node holds a signal of AbortSignal.any, with all that its listeners hold, until nobody listens any more.
      if (this.#callbacks.delete(callback) && this.#callbacks.size === 0)
        this.#signal.removeEventListener('abort', this.#listener)
    }
  }
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
