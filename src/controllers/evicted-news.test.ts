import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { reasonToHold } from '#controllers/evicted-news.ts'
import type { EvictedReturn } from '#controllers/evicted-returns.ts'
import { imageUse } from '#test/harness/image-use.ts'

const returned = (more: Partial<EvictedReturn>): EvictedReturn => ({
  use: {
    thing: { run: 'run', repository: 'shop/app', tag: 'v1', digest: 'sha256:1', at: 1 },
    reason: { kind: 'reference', use: imageUse('r.example/shop/app:v1') },
  },
  ...{ outcome: 'Restored', isNews: true },
  ...more,
})
const failed = (code: 'RESTORE_CONTENT_GONE' | 'REGISTRY_UNREACHABLE') =>
  returned({ outcome: 'Failed', error: new TallymanError(code, 'why') })
const GONE = 'In use after it was evicted: r.example/shop/app:v1 (RESTORE_CONTENT_GONE: why)'

test.each([
  ['what is back', returned({}), 'In use after it was evicted: r.example/shop/app:v1'],
  ['what cannot come back', failed('RESTORE_CONTENT_GONE'), GONE],
  ['what a registry says nothing about', failed('REGISTRY_UNREACHABLE'), undefined],
  ['what was there', returned({ outcome: 'Present' }), undefined],
  ['what names something else by now', returned({ outcome: 'Taken' }), undefined],
])('S04: whether %s holds a policy', (_, each, because) => {
  expect(reasonToHold([each], 'r.example/')).toBe(because)
})
