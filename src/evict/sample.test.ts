import { expect, test } from 'vitest'
import { judge } from '#retention/judge.ts'
import { reason } from '#retention/reasons.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { randomWorld } from '#test/model/retention/world.ts'
import { Dice } from '#test/soak/dice.ts'
import { keptSample } from './sample.ts'
import { scratchManifest } from './scratch.ts'

test('takes a few images that stay of each repository of which something goes, what is in use first, and the same each time', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const judgement = judge(randomWorld(new Dice(seededRandom(seed))))
    const sample = keptSample(judgement)
    expect(keptSample(judgement)).toEqual(sample)
    for (const { name, verdicts } of judgement.repositories) {
      const images = sample.get(name)
      const goes = verdicts.some(({ action }) => action !== 'keep')
      expect(images !== undefined).toBe(goes)
      const { digests } = judgement.parts.marks
      const used = new Set(verdicts.flatMap(({ digest = '' }) => (digests.has(digest) ? [digest] : [])))
      for (const digest of goes ? used : []) expect(images?.map((image) => image.digest)).toContain(digest)
      for (const { tag, digest } of images ?? []) {
        const verdict = verdicts.find((each) => each.tag === tag)
        if (tag !== undefined) expect(verdict).toMatchObject({ action: 'keep', digest })
      }
      expect(images?.filter(({ digest }) => !digests.has(digest)).length ?? 0).toBeLessThanOrEqual(3)
    }
  }
})

test('S40: what a killed proof has left is in no sample: the next proof takes it away', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const { parts, repositories } = judge(randomWorld(new Dice(seededRandom(seed))))
    const withLeftovers = repositories.map((repository) => {
      const [first] = repository.verdicts
      if (first === undefined) return repository
      const kept = { ...first, action: 'keep' as const, digest: scratchManifest(repository.name).digest }
      const left = ['tallyman-scratch-1', 'tallyman-scratch-2'].map((tag) => ({
        ...{ ...kept, tag, reason: reason('Workspace') },
      }))
      return { ...repository, verdicts: [...left, ...repository.verdicts] }
    })
    expect(keptSample({ parts, repositories: withLeftovers })).toEqual(keptSample({ parts, repositories }))
  }
})
