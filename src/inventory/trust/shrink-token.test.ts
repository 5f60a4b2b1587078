import { expect, test } from 'vitest'
import { shrinkToken } from '#inventory/trust/shrink-token.ts'

test('S05: the token speaks of one baseline of one cluster', () => {
  const token = shrinkToken('uid-1', { images: 100, watched: 5 })
  expect(token).toMatch(/^shrink-[0-9a-f]{12}$/)
  expect(shrinkToken('uid-1', { images: 100, watched: 5 })).toBe(token)
  const others = [
    shrinkToken('uid-2', { images: 100, watched: 5 }),
    shrinkToken('uid-1', { images: 99, watched: 5 }),
    shrinkToken('uid-1', { images: 100, watched: 6 }),
    shrinkToken('uid-1', undefined),
  ]
  expect(new Set([token, ...others]).size).toBe(5)
})
