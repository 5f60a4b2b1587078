import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inventoryStatus } from '#controllers/image-inventory-controller.ts'
import { ImageInventoryStatus, UNMATCHED_HOSTS_IN_STATUS } from '#crds/image-inventory.ts'
import { type Unmatched, unmatchedImages } from '#inventory/unmatched.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'

const STAMP = { generation: 2, now: Date.UTC(2026, 0, 15, 12) }
const ALL_MATCHED: Unmatched = { images: 0, hosts: [], unparsable: 0 }
const synced = (status: ImageInventoryStatus) => status.conditions?.find(({ type }) => type === 'Synced')

describe('the status of an ImageInventory', () => {
  test('sums up a synced snapshot', () => {
    const snapshot = snapshotOf([imageUse('registry.example/app:v1'), imageUse('x.example/app:v1')])
    const unmatched = { images: 1, hosts: [{ host: 'x.example', images: 1 }], unparsable: 0 }
    expect(inventoryStatus({}, snapshot, unmatched, STAMP)).toMatchObject({
      observedGeneration: 2,
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Synced', status: 'True', reason: 'AllSynced', message: 'Complete and live: local' },
      ],
      clustersTotal: 1,
      clusters: [{ name: 'local', synced: true, pods: 2 }],
      images: 2,
      pods: 2,
      unparsable: 0,
      unmatchedImages: 1,
      unmatchedHosts: [{ host: 'x.example', images: 1 }],
    })
  })

  test('S25: says which cluster is not synced and why, and stays Ready', () => {
    const clusters = [
      { name: 'a', synced: true, pods: 1, since: 0 },
      { name: 'b', synced: false, pods: 0, since: 0, reason: 'pods: forbidden' },
      { name: 'c', synced: false, pods: 0, since: 0 },
    ]
    const status = inventoryStatus({}, snapshotOf([], { synced: false, clusters }), ALL_MATCHED, STAMP)
    expect(synced(status)).toMatchObject({
      status: 'False',
      reason: 'WatchBroken',
      message: 'b: pods: forbidden; c: not listed yet',
    })
    expect(status.clusters?.[1]).toEqual({ name: 'b', synced: false, pods: 0, message: 'pods: forbidden' })
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
  })

  test('S22: is not synced without a cluster', () => {
    const status = inventoryStatus({}, snapshotOf([], { synced: false, clusters: [] }), ALL_MATCHED, STAMP)
    expect(synced(status)).toMatchObject({ status: 'False', message: 'No cluster is watched' })
  })

  test('S22: names the hosts with most images and counts all', () => {
    const images = Array.from({ length: 60 }, (_, at) => imageUse(`h${at}.example/app`))
    const snapshot = snapshotOf([...images, imageUse('h59.example/other')])
    const status = inventoryStatus({}, snapshot, unmatchedImages(snapshot, []), STAMP)
    expect(status.unmatchedImages).toBe(61)
    expect(status.unmatchedHosts).toHaveLength(UNMATCHED_HOSTS_IN_STATUS)
    expect(status.unmatchedHosts?.[0]).toEqual({ host: 'h59.example', images: 2 })
  })

  test('is the same for the same world: an unchanged one is no write', () => {
    const snapshot = snapshotOf([imageUse('x.example/app:v1')])
    const first = inventoryStatus({}, snapshot, ALL_MATCHED, STAMP)
    const later = { ...STAMP, now: STAMP.now + 60_000 }
    expect(inventoryStatus(first, snapshot, ALL_MATCHED, later)).toEqual(first)
  })

  test('never exceeds what the CRD allows, whatever pods name and clusters say', () => {
    const label = fc.stringMatching(/^[a-z]{1,30}$/)
    const host = fc.array(label, { minLength: 2, maxLength: 20 }).map((labels) => labels.join('.'))
    const reason = fc.string({ maxLength: 3_000 })
    fc.assert(
      fc.property(fc.array(host, { maxLength: 30 }), reason, (hosts, why) => {
        const images = hosts.map((each) => imageUse(`${each}/app:v1`))
        const clusters = [{ name: 'local', synced: false, pods: 1, since: 0, reason: why.repeat(20) }]
        const snapshot = snapshotOf(images, { synced: false, clusters })
        const status = inventoryStatus({}, snapshot, unmatchedImages(snapshot, []), STAMP)
        expect(ImageInventoryStatus.safeParse(status).error).toBeUndefined()
      }),
    )
  })
})
