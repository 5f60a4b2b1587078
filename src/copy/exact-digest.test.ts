import { expect, test } from 'vitest'
import { exactDigest } from '#copy/exact-digest.ts'
import type { Manifest } from '#registry/manifest.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const [A, B, C] = [digest('a'), digest('b'), digest('c')]
const base = { mediaType: '', size: 1, bytes: new Uint8Array() }
const index = (own: string, ...children: string[]): Manifest => ({
  ...base,
  kind: 'index',
  digest: own,
  manifests: children.map((child) => ({ mediaType: '', digest: child, size: 1 })),
})

test.each<[string, Manifest | undefined, string[], string | undefined]>([
  ['the other registry has what was last known', index(A), [A], A],
  ['it has an index with the platform that runs', index(A, B), [B], A],
  ['it has something else under the tag, and one digest is known', index(C), [A], A],
  ['it has nothing under the tag, and one digest is known', undefined, [A], A],
  ['it has something else, and several run', index(C), [A, B], undefined],
  ['it has one of several that run', index(B), [A, B], B],
  ['nothing is known of what it was', index(A), [], undefined],
])('%s', (_what, tagged, known, expected) => {
  expect(exactDigest(tagged, known)).toBe(expected)
})
