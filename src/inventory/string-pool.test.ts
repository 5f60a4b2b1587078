import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DigestPool } from '#inventory/digest-pool.ts'
import { StringPool } from '#inventory/string-pool.ts'

describe('StringPool', () => {
  it('holds what a map of counts holds, whatever comes and goes', () => {
    const text = fc.oneof(
      fc.nat({ max: 300 }).map((i) => `registry.example.com/team/app-${i}:v1`),
      fc.constantFrom('', 'ä', '漢字', '😀', '\ufeffbom', 'a\0b'),
      fc.constant('x'.repeat(5_000)),
    )
    const steps = fc.array(fc.tuple(fc.boolean(), text), { maxLength: 800, size: 'max' })
    fc.assert(
      fc.property(steps, (all) => {
        const pool = new StringPool()
        const counts = new Map<string, number>()
        for (const [add, string] of all) {
          const count = counts.get(string) ?? 0
          const known = pool.find(string)
          expect(known !== undefined).toBe(count > 0)
          if (add) {
            const id = pool.acquire(string)
            expect(pool.text(id)).toBe(string)
            counts.set(string, count + 1)
          } else if (known !== undefined) {
            expect(pool.release(known)).toBe(count === 1)
            counts.set(string, count - 1)
          }
        }
        const held = [...counts].filter(([, count]) => count > 0).map(([string]) => string)
        expect(pool.size).toBe(held.length)
        expect(pool.bytes).toBe(held.reduce((sum, string) => sum + Buffer.byteLength(string), 0))
        for (const string of held) expect(pool.text(pool.find(string) ?? -1)).toBe(string)
      }),
      { numRuns: 20 },
    )
  })

  it('reuses the ids of what is gone: names that come and go take no room', () => {
    const pool = new StringPool()
    const kept = pool.acquire('kept')
    for (let i = 0; i < 20_000; i++) pool.release(pool.acquire(`pod-${i}`))
    expect(pool.idEnd).toBe(2)
    expect(pool.bytes).toBe('kept'.length)
    expect(pool.text(kept)).toBe('kept')
  })

  it('keeps everything findable through trim', () => {
    const pool = new StringPool()
    const ids = Array.from({ length: 5_000 }, (_, i) => pool.acquire(`name-${i}`))
    for (const id of ids.slice(0, 4_000)) pool.release(id)
    pool.trim()
    for (let i = 4_000; i < 5_000; i++) expect(pool.find(`name-${i}`)).toBe(ids[i])
    expect(pool.find('name-3999')).toBeUndefined()
    expect(pool.text(pool.acquire('after'))).toBe('after')
  })
})

describe('DigestPool', () => {
  it('gives every digest back as it was', () => {
    const hex = fc.stringMatching(/^[0-9a-f]{64}$/)
    const digest = fc.oneof(
      hex.map((digits) => `sha256:${digits}`),
      hex.map((digits) => `sha512:${digits}${digits}`),
      fc.stringMatching(/^[a-z]{2,5}:[0-9a-f]{32,40}$/),
      fc.constant(''),
    )
    fc.assert(
      fc.property(fc.array(digest), (digests) => {
        const pool = new DigestPool()
        const ids = digests.map((text) => pool.acquire(text))
        expect(ids.map((id) => pool.text(id))).toEqual(digests)
        expect(pool.size).toBe(new Set(digests).size)
        for (const id of ids) pool.release(id)
        expect(pool.size).toBe(0)
      }),
    )
  })
})
