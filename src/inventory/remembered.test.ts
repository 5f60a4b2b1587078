import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClusterMemory } from '#inventory/cluster-memory.ts'
import { remembered, rememberedImages, rememberedInSteps } from '#inventory/remembered.ts'

test('S02: what a ledger remembers says of each image what ran, and of what only the config is known', () => {
  const entry = { firstSeen: 1, lastSeen: 2, watched: 3, users: ['apps/Deployment/web'] }
  const seen = (digest: string, isConfig: boolean) => ({ digest, isConfig, watched: 3 })
  const entries = [
    { ...entry, image: 'r.example/app:1', digests: [seen('sha256:a', false), seen('sha256:b', true)] },
    { ...entry, image: 'No Reference', digests: [] },
  ]
  const common = { cluster: 'edge', firstSeen: 1, lastSeen: 2, users: ['apps/Deployment/web'] }
  expect(rememberedImages('edge', entries)).toEqual([
    {
      ...common,
      image: 'r.example/app:1',
      reference: { host: 'r.example', repository: 'app', tag: '1' },
      digests: ['sha256:a'],
      configs: ['sha256:b'],
    },
    { ...common, image: 'No Reference', reference: undefined, digests: [], configs: [] },
  ])
})

const HOUR = 3_600_000
const step = fc.record({
  memory: fc.nat(1),
  image: fc.nat(6),
  // What is seen again after an hour is refreshed, which is no change of what is remembered.
  hours: fc.constantFrom(0, 3, 30),
  kind: fc.constantFrom('see', 'see', 'see', 'expire', 'rename'),
  look: fc.boolean(),
})

test('what is put together from what was remembered before is what is put together anew, however the ledgers change', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const memories = ['a', 'b'].map((name) => ClusterMemory.of(name, name))
      let hours = 0
      let before = remembered(memories)
      for (const { memory: at, image, hours: passed, kind, look } of steps) {
        const memory = memories[at] ?? ClusterMemory.of('', '')
        hours += passed
        const now = { wall: hours * HOUR, monotonic: hours * HOUR }
        memory.watched.tick(true, now)
        if (kind === 'see') memory.see({ image: `app:${image}`, digests: [], configs: [], users: [] }, now)
        else if (kind === 'expire') memory.expire(20 * HOUR, () => false)
        else memory.name = `${memory.name}+`
        if (!look) continue
        before = remembered(memories, before)
        expect(before.images).toEqual(
          memories.flatMap(({ name, ledger }) => rememberedImages(name, ledger.entries())),
        )
      }
      const last = remembered(memories, before)
      expect(remembered(memories, last)).toBe(last)
    }),
  )
})

test('what did not change is the same object as before', () => {
  const memory = ClusterMemory.of('uid', 'edge')
  const see = (image: string) =>
    memory.see({ image, digests: [], configs: [], users: [] }, { wall: HOUR, monotonic: HOUR })
  see('app:1')
  const before = remembered([memory])
  expect(remembered([memory], before)).toBe(before)
  see('app:2')
  const after = remembered([memory], before)
  expect(after.images).toHaveLength(2)
  expect(after.images[0]).toBe(before.images[0])
})

test('steps are of the size that is asked for, and what changes between two of them is put together by who asks again', () => {
  const memory = ClusterMemory.of('uid', 'edge')
  const see = (number: number) => {
    const sight = { image: `app:${number}`, digests: [], configs: [], users: [] }
    memory.see(sight, { wall: HOUR, monotonic: HOUR })
  }
  for (let number = 0; number < 10; number += 1) see(number)
  const steps = rememberedInSteps([memory], undefined, 4)
  expect(steps.next().done).toBe(false)
  see(10)
  expect(steps.next().done).toBe(false)
  const last = steps.next()
  const ahead = last.done === true ? last.value : undefined
  expect(remembered([memory], ahead).images).toEqual(rememberedImages('edge', memory.ledger.entries()))
})
