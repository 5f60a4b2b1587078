import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UsageClaim } from '#inventory/claim.ts'
import { readClaim, writeClaim } from '#inventory/claim-document.ts'

const SHA = `sha256:${'a'.repeat(64)}`
const NOW = Date.parse('2026-08-01T12:00:00.000Z')
const EXPECTED = { installation: 'uid-1', now: NOW, maxAgeMs: 600_000 }
const CLAIM: UsageClaim = {
  installation: 'uid-1',
  writtenAt: NOW - 1_000,
  coveredSince: NOW - 86_400_000,
  synced: true,
  trusted: true,
  images: ['r.example/app:1', 'No Reference'],
  digests: [SHA],
  configs: [SHA],
  pins: ['**/pause', `app@${SHA}`],
  ledgers: [{ inventory: 'ops/all', id: 'one', since: NOW - 86_400_000, isKept: true }],
}

const problemOf = (text: string) => {
  const read = readClaim(text, EXPECTED)
  return 'problem' in read ? read.problem : undefined
}
const changed = (changes: object) => JSON.stringify({ ...JSON.parse(writeClaim(CLAIM)), ...changes })

describe('S01: the document of a claim', () => {
  test('reads as it was written', () => {
    expect(readClaim(writeClaim(CLAIM), EXPECTED)).toEqual({ claim: CLAIM })
    const { coveredSince: _, ledgers: __, ...older } = CLAIM
    expect(readClaim(writeClaim(older), EXPECTED)).toEqual({ claim: older })
  })

  test('is plain JSON with readable times', () => {
    expect(JSON.parse(writeClaim(CLAIM))).toEqual({
      version: 1,
      ...CLAIM,
      writtenAt: '2026-08-01T11:59:59.000Z',
      coveredSince: '2026-07-31T12:00:00.000Z',
      ledgers: [{ inventory: 'ops/all', id: 'one', since: '2026-07-31T12:00:00.000Z', isKept: true }],
    })
  })

  test.each([
    ['UnknownVersion', changed({ version: 2, images: 'another shape' })],
    ['UnknownVersion', '{"version":"1"}'],
    ['OtherInstallation', changed({ installation: 'uid-2' })],
    ['Outdated', changed({ writtenAt: '2026-08-01T11:49:59.000Z' })],
    ['ClockSkew', changed({ writtenAt: '2026-08-01T12:02:01.000Z' })],
    ['NotSynced', changed({ synced: false })],
    ['NotTrusted', changed({ trusted: false })],
    ['Malformed', ''],
    ['Malformed', '{"version":1'],
    ['Malformed', '[]'],
    ['Malformed', '{}'],
    ['Malformed', '['.repeat(1_000_000)],
    ['Malformed', changed({ images: undefined })],
    ['Malformed', changed({ images: [''] })],
    ['Malformed', changed({ images: ['x'.repeat(1_026)] })],
    ['Malformed', changed({ digests: ['sha256:abc'] })],
    ['Malformed', changed({ configs: [7] })],
    ['Malformed', changed({ pins: ['https://a'] })],
    ['Malformed', changed({ ledgers: [{ inventory: 'ops/all' }] })],
    ['Malformed', changed({ pins: Array.from({ length: 5_001 }, (_, index) => `a${index}*`) })],
    ['Malformed', changed({ writtenAt: 'yesterday' })],
    ['Malformed', changed({ images: Array(100_001).fill('a') })],
    ['Malformed', changed({ running: Array(200_001).fill('a') })],
    ['NotSynced', changed({ synced: false, exceeded: 'what a later version says' })],
    ['Malformed', ' '.repeat(64 * 1024 * 1024 + 1)],
  ])('is not usable: %s', (problem, text) => {
    expect(problemOf(text)).toBe(problem)
  })

  test('is usable up to its greatest age, and a little ahead of our clock', () => {
    expect(problemOf(changed({ writtenAt: '2026-08-01T11:50:00.000Z' }))).toBeUndefined()
    expect(problemOf(changed({ writtenAt: '2026-08-01T12:02:00.000Z' }))).toBeUndefined()
  })

  test('says why it is not usable', () => {
    const message = (text: string) => {
      const read = readClaim(text, EXPECTED)
      return 'problem' in read ? read.message : undefined
    }
    expect(message(changed({ writtenAt: '2026-08-01T11:00:00.000Z' }))).toBe(
      'It was written 3600 s ago, more than 600 s',
    )
    expect(message(changed({ digests: [SHA, 'x'] }))).toBe('digests.1: no digest')
    expect(message(changed({ synced: false, exceeded: 'patterns' }))).toBe(
      'Its installation uses more than a claim can say: more than 5000 pins that are patterns: pin less in the ImageInventories of the operator that writes it',
    )
  })

  test('reads as it was written, whatever is claimed', () => {
    const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`)
    const claim: fc.Arbitrary<UsageClaim> = fc.record({
      installation: fc.constant('uid-1'),
      writtenAt: fc.integer({ min: NOW - 600_000, max: NOW }),
      coveredSince: fc.integer({ min: 0, max: NOW }),
      synced: fc.constant(true),
      trusted: fc.constant(true),
      images: fc.array(fc.string({ minLength: 1 })),
      digests: fc.array(digest),
      configs: fc.array(digest),
      pins: fc.array(fc.constantFrom('**/pause', 'a:v*', 'r.example/app:1')),
    })
    fc.assert(
      fc.property(claim, (each) => {
        expect(readClaim(writeClaim(each), EXPECTED)).toEqual({ claim: each })
      }),
    )
  })

  test('is read or refused, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.object().map(changed)), (text) => {
        const read = readClaim(text, EXPECTED)
        expect('claim' in read || read.message !== '').toBe(true)
      }),
    )
  })
})
