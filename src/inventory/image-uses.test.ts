import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ImageUses, imageUses } from '#inventory/image-uses.ts'
import type { PodRow } from '#inventory/pod-row.ts'
import { PodTable } from '#inventory/pod-table.ts'

const running = (uid: string, ...images: string[]): PodRow => ({
  uid,
  namespace: 'shop',
  name: uid,
  hasPullSecrets: false,
  containers: images.map((image) => ({ image, imageID: '', pullPolicy: '', waitingReason: '' })),
  volumeImages: [],
})
const two = () => [
  { name: 'east', table: new PodTable() },
  { name: 'west', table: new PodTable() },
]

describe('imageUses', () => {
  it('answers the same object while nothing changed, and shares what did not', () => {
    const table = new PodTable()
    const clusters = [{ name: 'here', table }]
    table.upsert(running('1', 'a:1'))
    table.upsert(running('2', 'b:1'))
    const first = imageUses(clusters)
    expect(imageUses(clusters, first)).toBe(first)
    table.upsert(running('3', 'b:1'))
    const second = imageUses(clusters, first)
    expect(second.images[0]).toBe(first.images[0])
    expect(second.images[1]).toMatchObject({ image: 'b:1', pods: 2 })
  })

  it('unites clusters, and keeps an image that one of them gave up', () => {
    const clusters = two()
    for (const { table } of clusters) table.upsert(running('1', 'a:1'))
    const both = imageUses(clusters)
    expect(both.images).toMatchObject([{ pods: 2, users: [{ cluster: 'east' }, { cluster: 'west' }] }])
    clusters[0]?.table.remove(running('1'))
    const one = imageUses(clusters, both)
    expect(one.images).toMatchObject([{ pods: 1, users: [{ cluster: 'west' }] }])
    clusters[1]?.table.remove(running('1'))
    expect(imageUses(clusters, one).images).toEqual([])
  })

  it('says from what it said before exactly what it would say anew', () => {
    const image = fc.nat({ max: 8 }).map((i) => `app:${i}`)
    const change = fc.record({
      cluster: fc.nat({ max: 1 }),
      uid: fc.nat({ max: 6 }).map(String),
      images: fc.option(fc.array(image, { maxLength: 3 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 20 }), (rounds) => {
        const clusters = two()
        let uses: ImageUses | undefined
        for (const changes of rounds) {
          for (const { cluster, uid, images } of changes) {
            const table = clusters[cluster]?.table
            if (images === undefined) table?.remove(running(uid))
            else table?.upsert(running(uid, ...images))
          }
          uses = imageUses(clusters, uses)
          expect(uses.images).toEqual(imageUses(clusters).images)
        }
      }),
    )
  })
})
