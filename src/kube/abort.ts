/**
 * An AbortController that also aborts with `parent`. `release` must be called when the work is done: a listener left
 * on a signal that lives as long as the process would be a leak, once per request.
 */
export function linkedAbort(parent: AbortSignal | undefined): {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  release(): void
} {
  const controller = new AbortController()
  if (parent?.aborted) controller.abort(parent.reason)
  const onAbort = () => controller.abort(parent?.reason)
  parent?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => parent?.removeEventListener('abort', onAbort),
  }
}
