import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EntryStore } from './entry-store.ts'
import { ListingReader } from './listing.ts'

function read(body: string | Buffer, cut = Number.POSITIVE_INFINITY, field = 'tags'): readonly string[] {
  const bytes = Buffer.from(body)
  const reader = new ListingReader(field, 'a')
  for (let at = 0; at < bytes.length; at += cut) reader.write(bytes.subarray(at, at + cut))
  return [...reader.end()].flat()
}

test('whatever JSON says is read, wherever the chunks are cut', () => {
  const body = fc.record({
    name: fc.string({ unit: 'binary' }),
    other: fc.jsonValue(),
    tags: fc.array(fc.string({ unit: 'binary' })),
  })
  fc.assert(
    fc.property(body, fc.integer({ min: 1, max: 20 }), fc.boolean(), (value, cut, spaced) => {
      const text = JSON.stringify(value, null, spaced ? 2 : 0)
      expect(read(text, cut)).toEqual(JSON.parse(text).tags)
    }),
  )
})

test.each([
  ['null (docker-registry 2.8)', '{"name":"a","tags":null}'],
  ['an empty list (distribution 3)', '{"name":"a","tags":[]}\n'],
  ['no list', '{}'],
])('%s is empty', (_, body) => {
  expect(read(body)).toEqual([])
})

test('lists elsewhere are not taken for it', () => {
  expect(read('{"x":{"tags":["no"]},"y":[["no"]],"tags":["yes",["no"],{"a":"no"}],"z":"tags"}')).toEqual([
    'yes',
  ])
})

describe('what is no listing', () => {
  test.each([
    '',
    '[]',
    '["a"]',
    '"tags"',
    '<html>',
    '{"tags":["a"',
    '{"tags":["a"]',
    '{"tags":["a"]}}',
    'x{"tags":[]}',
    '{"tags":["\\x"]}',
  ])('%j', (body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'REGISTRY_PAGINATION' }))
  })

  test('nesting, entries and strings without end', () => {
    expect(() => read(`{"a":${'['.repeat(100_000)}`)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_PAGINATION' }),
    )
    expect(() => read(`{"tags":["${'x'.repeat(10_000)}`, 1000)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_TOO_LARGE' }),
    )
    expect(() => read(`{"tags":[${'"a",'.repeat(1_000_001)}`)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_TOO_LARGE' }),
    )
  })
})

test('400,000 tags in 13 MB are read', () => {
  const tags = Array.from({ length: 400_000 }, (_, i) => `release-2026.11.24-build-${i}`)
  expect(read(JSON.stringify({ name: 'a', tags }), 65_536)).toEqual(tags)
})

test('pages that are read one after another into the same place do not mix', () => {
  const entries = new EntryStore()
  for (const count of [3, 5_000, 1, 0, 2_000]) {
    const tags = Array.from({ length: count }, (_, i) => `${count}-${i}`)
    const reader = new ListingReader('tags', 'a', entries)
    reader.write(Buffer.from(JSON.stringify({ tags })))
    expect([...reader.end()].flat()).toEqual(tags)
  }
})
