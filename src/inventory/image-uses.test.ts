import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import { type ImageUses, imageUses, imageUsesInSteps } from '#inventory/image-uses.ts'
import type { UsingObject } from '#inventory/using-object.ts'

const running = (uid: string, ...images: string[]): UsingObject => ({
  uid,
  namespace: 'shop',
  name: uid,
  kind: 'Pod',
  use: 'pod',
  hasPullSecrets: false,
  images: images.map((image) => ({ image, running: undefined, neverPull: false, pullFailing: false })),
})
const cluster = (name: string) => {
  const uses = new ClusterUses()
  return { name, uses, pods: uses.table('pods') }
}
const two = () => [cluster('east'), cluster('west')]

describe('imageUses', () => {
  it('answers the same object while nothing changed, and shares what did not', () => {
    const here = cluster('here')
    here.pods.upsert(running('1', 'a:1'))
    here.pods.upsert(running('2', 'b:1'))
    const first = imageUses([here])
    expect(imageUses([here], first)).toBe(first)
    here.pods.upsert(running('3', 'b:1'))
    const second = imageUses([here], first)
    expect(second.images[0]).toBe(first.images[0])
    expect(second.images[1]).toMatchObject({ image: 'b:1', pods: 2 })
  })

  it('shares all but what a node pulled or dropped', () => {
    const here = cluster('here')
    const nodes = here.uses.table('nodes')
    const caching = (...images: string[]): UsingObject => ({
      ...running('1', ...images),
      use: 'node',
      kind: 'Node',
    })
    nodes.upsert(caching('a:1', 'c:1', 'd:1'))
    const first = imageUses([here])
    nodes.upsert(caching('a:1', 'b:1', 'c:1', 'd:1'))
    const second = imageUses([here], first)
    expect(second.images.map((use) => first.images.includes(use))).toEqual([true, false, true, true])
    nodes.upsert(caching('a:1', 'b:1', 'd:1'))
    const third = imageUses([here], second)
    expect(third.images.map((use) => second.images.includes(use))).toEqual([true, true, true])
  })

  it('shares nothing of a pod of which more changed than its containers', () => {
    const here = cluster('here')
    here.pods.upsert(running('1', 'a:1', 'b:1'))
    const first = imageUses([here])
    here.pods.upsert({ ...running('1', 'a:1', 'b:1'), hasPullSecrets: true })
    expect(imageUses([here], first).images).toMatchObject([
      { withPullSecret: true },
      { withPullSecret: true },
    ])
  })

  it('unites clusters, and keeps an image that one of them gave up', () => {
    const clusters = two()
    for (const { pods } of clusters) pods.upsert(running('1', 'a:1'))
    const both = imageUses(clusters)
    expect(both.images).toMatchObject([{ pods: 2, users: [{ cluster: 'east' }, { cluster: 'west' }] }])
    clusters[0]?.pods.remove(running('1'))
    const one = imageUses(clusters, both)
    expect(one.images).toMatchObject([{ pods: 1, users: [{ cluster: 'west' }] }])
    clusters[1]?.pods.remove(running('1'))
    expect(imageUses(clusters, one).images).toEqual([])
  })

  const image = fc.nat({ max: 8 }).map((i) => `app:${i}`)
  const change = fc.record({
    cluster: fc.nat({ max: 1 }),
    uid: fc.nat({ max: 6 }).map(String),
    images: fc.option(fc.array(image, { maxLength: 3 }), { nil: undefined }),
  })
  type Change = typeof change extends fc.Arbitrary<infer T> ? T : never
  const apply = (clusters: ReturnType<typeof two>, { cluster: at, uid, images }: Change) => {
    const pods = clusters[at]?.pods
    if (images === undefined) pods?.remove(running(uid))
    else pods?.upsert(running(uid, ...images))
  }

  it('says from what it said before exactly what it would say anew', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 20 }), (rounds) => {
        const clusters = two()
        let uses: ImageUses | undefined
        for (const changes of rounds) {
          for (const each of changes) apply(clusters, each)
          uses = imageUses(clusters, uses)
          expect(uses.images).toEqual(imageUses(clusters).images)
        }
      }),
    )
  })

  it('S30: misses no image of a pod that moves to where the steps have been already', () => {
    const here = cluster('here')
    here.pods.upsert(running('1', 'a:1'))
    here.pods.upsert(running('2', 'b:1'))
    const steps = imageUsesInSteps([here], undefined, 1)
    steps.next()
    here.pods.remove(running('1'))
    here.pods.upsert(running('2', 'b:1', 'sidecar:1'))
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    expect(step.value.images).toMatchObject([
      { image: 'b:1', pods: 1 },
      { image: 'sidecar:1', pods: 1 },
    ])
  })

  it('S30: says the same where clusters change between two of its steps', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 20 }), (rounds) => {
        const clusters = two()
        let uses: ImageUses | undefined
        for (const [first = [], ...between] of rounds.map((changes) => [
          changes.slice(0, 3),
          ...changes.slice(3),
        ])) {
          for (const each of [first].flat()) apply(clusters, each)
          const steps = imageUsesInSteps(clusters, uses, 1)
          let step = steps.next()
          while (step.done !== true) {
            for (const each of [between.shift() ?? []].flat()) apply(clusters, each)
            step = steps.next()
          }
          uses = step.value
          expect(uses.images).toEqual(imageUses(clusters).images)
        }
      }),
    )
  })
})
