import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf } from '#registry/digest.ts'
import type { JournalRecord } from './journal.ts'
import { fromLine, toLine } from './journal-lines.ts'

const OUTCOMES = ['untagged', 'swept', 'gone', 'moved', 'spared', 'named', 'unreadable'] as const

const text = fc.string()
const binding = fc.record({ tag: text, digest: text })
const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({ bytes: fc.uint8Array(), mediaType: text }).map(({ bytes, mediaType }) => ({
    kind: 'manifest' as const,
    digest: digestOf(bytes),
    mediaType,
    bytes: Buffer.from(bytes),
  })),
  fc.record({
    kind: fc.constant('intent' as const),
    id: text,
    at: fc.nat(),
    step: fc.oneof(
      fc.record({ action: fc.constant('untag' as const), bindings: fc.array(binding) }),
      fc.record({ action: fc.constant('overwrite' as const), bindings: fc.array(binding), nonce: text }),
      fc.record({ action: fc.constant('sweep' as const), digests: fc.array(text) }),
    ),
  }),
  fc.record({
    kind: fc.constant('outcome' as const),
    intent: text,
    at: fc.nat(),
    ended: fc.array(
      fc.record(
        { tag: text, digest: text, outcome: fc.constantFrom(...OUTCOMES) },
        { requiredKeys: ['digest', 'outcome'] },
      ),
    ),
  }),
  fc.record(
    { kind: fc.constant('restored' as const), at: fc.nat(), tag: text, digest: text },
    { requiredKeys: ['kind', 'at', 'digest'] },
  ),
  fc.record({
    kind: fc.constant('trashing' as const),
    at: fc.nat(),
    repository: text,
    manifests: fc.array(fc.record({ digest: text, children: fc.array(text) })),
  }),
  fc.record({
    kind: fc.constantFrom('trashed' as const, 'untrusted' as const, 'purging' as const, 'purged' as const),
    at: fc.nat(),
    repository: text,
    digests: fc.array(text),
  }),
  fc.record({
    kind: fc.constant('sample' as const),
    at: fc.nat(),
    images: fc.array(fc.record({ tag: text, digest: text }, { requiredKeys: ['digest'] })),
  }),
  fc.record({ kind: fc.constant('verified' as const), at: fc.nat() }),
)

describe('a line of a journal', () => {
  test('says what the record said', () => {
    fc.assert(
      fc.property(record, (each) => {
        const line = toLine(each)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(fromLine(line)).toEqual(each)
      }),
    )
  })

  test.each([
    ['no JSON', '{"kind":'],
    ['a kind that is not known', '{"kind":"other"}'],
    [
      'a manifest with other bytes',
      toLine({
        kind: 'manifest',
        digest: digestOf(Buffer.from('a')),
        mediaType: 'm',
        bytes: Buffer.from('b'),
      }),
    ],
  ])('is refused where it is %s', (_, line) => {
    expect(() => fromLine(line)).toThrowError(expect.objectContaining({ code: 'JOURNAL_INVALID' }))
  })
})
