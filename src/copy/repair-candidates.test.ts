import { expect, test } from 'vitest'
import { repairCandidates } from '#copy/repair-candidates.ts'
import type { Finding } from '#health/finding.ts'
import { unusedImage } from '#health/unused-image.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import type { LookedAtImage } from '#scan/lap-result.ts'
import { findingOf } from '#test/harness/findings.ts'
import { imageUse } from '#test/harness/image-use.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const [A, B, LAYER] = [digest('a'), digest('b'), digest('e')]

function broken(use: ImageUse, reference: string, known?: string, ...findings: Finding[]): LookedAtImage {
  const isTag = !reference.includes(':')
  const place = { repository: 'app', reference, isTag, digest: known }
  return { use, state: 'unhealthy', place, findings }
}

test('an image that cannot be pulled is one, with what it may have been', () => {
  const use = imageUse('registry.example/app:v1', { runningDigests: [A, B] })
  const found = { ...findingOf('LayerDamaged'), subject: LAYER }
  expect(repairCandidates([broken(use, 'v1', B, found)])).toEqual([
    { image: use.image, repository: 'app', tag: 'v1', digests: [B, A], damaged: new Set([LAYER]) },
  ])
})

test('one that is named by digest was that digest', () => {
  const use = imageUse(`registry.example/app@${A}`, { runningDigests: [B] })
  expect(repairCandidates([broken(use, A, A)])).toMatchObject([{ digests: [A] }])
})

test('two names of one place are one', () => {
  const uses = [imageUse('registry.example/app:v1'), imageUse('mirror.example/app:v1')]
  expect(repairCandidates(uses.map((use) => broken(use, 'v1')))).toHaveLength(1)
})

test('what is healthy, unknown, nowhere, or used by nobody is none', () => {
  const use = imageUse('registry.example/app:v1')
  expect(
    repairCandidates([
      { ...broken(use, 'v1'), state: 'healthy' },
      { ...broken(use, 'v2'), state: 'unknown' },
      { ...broken(use, 'v3'), place: undefined },
      broken(unusedImage('registry.example/app:v4'), 'v4'),
    ]),
  ).toEqual([])
})
