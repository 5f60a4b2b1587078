import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { onAbort } from '#registry/abort.ts'

describe('onAbort', () => {
  it('calls everybody once, but for who took it back', () => {
    const abort = new AbortController()
    const called: string[] = []
    onAbort(abort.signal, () => called.push('a'))
    const forget = onAbort(abort.signal, () => called.push('b'))
    onAbort(abort.signal, () => called.push('c'))
    forget()
    abort.abort()
    abort.abort()
    expect(called).toEqual(['a', 'c'])
  })

  it('listens once for all, and not at all when nobody waits any more: a composed signal would never be let go', () => {
    const { signal } = new AbortController()
    const composed = AbortSignal.any([signal])
    for (let round = 0; round < 2; round += 1) {
      const forget = [1, 2, 3].map(() => onAbort(composed, () => undefined))
      expect(getEventListeners(composed, 'abort')).toHaveLength(1)
      for (const each of forget) each()
      for (const each of forget) each()
      expect(getEventListeners(composed, 'abort')).toHaveLength(0)
    }
  })
})
