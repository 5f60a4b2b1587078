import { expect, test } from 'vitest'
import { buildDate } from '#retention/build-date.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import { DAY_MS, imageFacts, indexFacts, READ_AT, registryFacts } from '#test/harness/registry-facts.ts'

const date = (manifest: ManifestFacts, ...others: readonly ManifestFacts[]) =>
  buildDate(manifest, registryFacts([], others).manifests, READ_AT)

test('S13: a date that no image can have says nothing', () => {
  for (const created of [undefined, 0, Date.UTC(1980, 0, 1), Date.parse('0001-01-01T00:00:00Z'), READ_AT + 1])
    expect(date(imageFacts('a', 0, { created }))).toBeUndefined()
  expect(date(imageFacts('a', 3))).toBe(READ_AT - 3 * DAY_MS)
})

test('S13: an index is as new as the newest of its images, and attestations say nothing', () => {
  const [old, young] = [imageFacts('old', 9), imageFacts('young', 2)]
  const attestation = imageFacts('attestation', 0, { created: undefined })
  const index = indexFacts('index', [old, young, attestation])
  const children = index.children.map((child) =>
    child.digest === attestation.digest ? { ...child, platform: 'unknown/unknown' } : child,
  )
  expect(date({ ...index, children }, old, young, attestation)).toBe(READ_AT - 2 * DAY_MS)
})

test('S13: of several images in an index, one without a date may be the newest', () => {
  const [old, undated] = [imageFacts('old', 9), imageFacts('undated', 0, { created: 0 })]
  expect(date(indexFacts('index', [old, undated]), old, undated)).toBeUndefined()
})
