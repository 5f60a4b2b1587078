import { expect, test } from 'vitest'
import { judge } from '#retention/judge.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { randomWorld } from '#test/model/retention/world.ts'
import { Dice } from '#test/soak/dice.ts'
import { keptSample } from './sample.ts'

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
