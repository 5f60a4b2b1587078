import { expect, test } from 'vitest'
import { digestOf } from '#registry/digest.ts'
import { OCI_INDEX } from '#registry/media-types.ts'
import { placeholder } from './placeholder.ts'

test('S17: a placeholder is an index without entries, which no runtime takes for an image', () => {
  const { bytes, digest, mediaType } = placeholder('a')
  expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [],
    annotations: { 'dev.tallyman.placeholder': 'a' },
  })
  expect([mediaType, digest]).toEqual([OCI_INDEX, digestOf(bytes)])
})

test('S17: it is the same for the same nonce, and nobody else’s', () => {
  expect(placeholder('a')).toEqual(placeholder('a'))
  expect(placeholder('a').digest).not.toBe(placeholder('b').digest)
})
