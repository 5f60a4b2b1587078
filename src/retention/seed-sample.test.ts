import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { HOST, judged, texts } from '#test/harness/judging.ts'
import { imageFacts, repositoryFacts } from '#test/harness/registry-facts.ts'

const SAMPLE = path.join(import.meta.dirname, '../../config/samples/registrypolicy_seed.yaml')

test('the sample with the rules of the scripts keeps the three newest, and each in use with the two before it', async () => {
  const { spec } = z.object({ spec: RegistryPolicySpec }).parse(parse(await readFile(SAMPLE, 'utf8')))
  const images = Array.from({ length: 9 }, (_, at) => imageFacts(`v${at + 1}`, 20 - at))
  const tags = Object.fromEntries(images.map((image, at) => [`v${at + 1}`, image]))
  const young = imageFacts('young', 0.5)
  const judgement = judged({
    repositories: [
      repositoryFacts('shop/cart', tags),
      repositoryFacts('old/app', { v1: imageFacts('v1', 20), young }),
    ],
    manifests: [...images, young],
    used: [imageUse(`${HOST}/shop/cart:v5`)],
    rules: spec.rules,
  })
  const said = Object.entries(texts(judgement)).map(
    ([tag, text]) => `${tag} ${text.replace(/, not used.*| of .*/, '')}`,
  )
  expect(said.sort()).toEqual([
    'old/app:v1 evict: nobody uses its repository',
    'old/app:young kept: it is young:',
    'shop/cart:v1 evict: 8 newer digests',
    'shop/cart:v2 evict: 7 newer digests',
    'shop/cart:v3 kept: 2nd before v5, which is in use',
    'shop/cart:v4 kept: 1st before v5, which is in use',
    'shop/cart:v5 kept: local/apps/Deployment/web runs it',
    'shop/cart:v6 evict: 3 newer digests',
    'shop/cart:v7 kept: 3rd newest',
    'shop/cart:v8 kept: 2nd newest',
    'shop/cart:v9 kept: newest',
  ])
  expect(spec.limits.minImagesInUse).toBe(10)
})
