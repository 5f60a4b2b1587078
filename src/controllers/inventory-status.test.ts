import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inventoryStatus } from '#controllers/inventory-status.ts'
import { ImageInventoryStatus, UNMATCHED_HOSTS_IN_STATUS } from '#crds/image-inventory.ts'
import { type Unmatched, unmatchedImages } from '#inventory/unmatched.ts'
import { clusterView, imageUse, snapshotOf } from '#test/harness/image-use.ts'

const STAMP = { generation: 2, now: Date.UTC(2026, 0, 15, 12, 30) }
const findings = (unmatched: Unmatched) => ({ unmatched, suspectedAliases: [] })
const ALL_MATCHED = findings({ images: 0, hosts: [], unparsable: 0 })
const trusted = (status: ImageInventoryStatus) => status.conditions?.find(({ type }) => type === 'Trusted')
const synced = (status: ImageInventoryStatus) => status.conditions?.find(({ type }) => type === 'Synced')

describe('the status of an ImageInventory', () => {
  test('sums up a synced snapshot', () => {
    const snapshot = snapshotOf([imageUse('registry.example/app:v1'), imageUse('x.example/app:v1')])
    const unmatched = { images: 1, hosts: [{ host: 'x.example', images: 1 }], unparsable: 0 }
    expect(inventoryStatus({}, snapshot, findings(unmatched), STAMP)).toMatchObject({
      observedGeneration: 2,
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Synced', status: 'True', reason: 'AllSynced', message: 'Complete and live: local' },
        { type: 'Trusted', status: 'True', reason: 'AllTrusted' },
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
    const sources = [{ name: 'pods', state: 'broken', message: 'reset', blocks: true } as const]
    const notSynced = 'pods: reset'
    const clusters = [clusterView('a'), clusterView('b', { synced: false, notSynced, sources })]
    const verdict = { synced: false, trusted: false, notSynced: ['b: pods: reset'] }
    const status = inventoryStatus({}, snapshotOf([], { ...verdict, clusters }), ALL_MATCHED, STAMP)
    expect(synced(status)).toMatchObject({
      status: 'False',
      reason: 'WatchBroken',
      message: 'b: pods: reset',
    })
    expect(trusted(status)).toMatchObject({ status: 'False', reason: 'InventoryNotSynced' })
    // What needs attention comes first.
    expect(status.clusters?.[0]).toMatchObject({
      ...{ name: 'b', synced: false, trusted: false, message: 'pods: reset' },
      sources: [{ name: 'pods', state: 'Broken', message: 'reset' }],
    })
    expect(status.clustersSummary).toBe('1/2')
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
  })

  test('S05: a cluster that is not reached is called that, whatever it was when it was reached last', () => {
    const unreachable = 'Secret edge does not exist'
    const distrusts = [{ reason: 'DuplicateCluster', message: 'the same as a' } as const]
    const clusters = [clusterView('b', { synced: false, notSynced: unreachable, unreachable, distrusts })]
    const verdict = { synced: false, trusted: false, notSynced: [`b: ${unreachable}`] }
    const status = inventoryStatus({}, snapshotOf([], { ...verdict, clusters }), ALL_MATCHED, STAMP)
    expect(synced(status)).toMatchObject({ reason: 'ClusterUnreachable', message: `b: ${unreachable}` })
  })

  test.for([
    [[{ name: 'rollouts', state: 'not-installed', blocks: true }], 'SourceNotInstalled'],
    [[{ name: 'pods', state: 'forbidden', blocks: true }], 'SourceForbidden'],
    [[], 'ClusterUnreachable'],
  ] as const)('S05: what is wrong with a cluster is a reason of its own: %j', ([sources, reason]) => {
    const clusters = [clusterView('a', { synced: false, notSynced: 'why', sources })]
    const snapshot = snapshotOf([], { synced: false, trusted: false, notSynced: ['a: why'], clusters })
    expect(synced(inventoryStatus({}, snapshot, ALL_MATCHED, STAMP))).toMatchObject({ reason })
  })

  test('S05: what is complete and not trusted says why, and what to do', () => {
    const distrust = { reason: 'Shrunk', message: 'set acceptShrink: shrink-1', cluster: 'a' } as const
    const clusters = [clusterView('a', { distrusts: [distrust] })]
    const snapshot = snapshotOf([], { trusted: false, distrusts: [distrust], clusters })
    const status = inventoryStatus({}, snapshot, ALL_MATCHED, STAMP)
    expect(synced(status)).toMatchObject({ status: 'True' })
    expect(trusted(status)).toMatchObject({
      ...{ status: 'False', reason: 'Shrunk', message: 'a: set acceptShrink: shrink-1' },
    })
  })

  test('the moment until a cluster has said who it is after a watch was opened is no news', () => {
    const distrust = { reason: 'IdentityUnverified', message: 'not yet', cluster: 'a' } as const
    const settling = snapshotOf([], { trusted: false, distrusts: [distrust] })
    const before = inventoryStatus({}, snapshotOf([]), ALL_MATCHED, STAMP)
    expect(trusted(inventoryStatus(before, settling, ALL_MATCHED, STAMP))).toMatchObject({ status: 'True' })
    expect(trusted(inventoryStatus({}, settling, ALL_MATCHED, STAMP))).toMatchObject({ status: 'False' })
  })

  test('S22: is not synced without a cluster', () => {
    const none = { synced: false, clusters: [], notSynced: ['No cluster is watched'] }
    const status = inventoryStatus({}, snapshotOf([], none), ALL_MATCHED, STAMP)
    expect(synced(status)).toMatchObject({ status: 'False', message: 'No cluster is watched' })
  })

  test('S22: names the hosts with most images and counts all', () => {
    const images = Array.from({ length: 60 }, (_, at) => imageUse(`h${at}.example/app`))
    const snapshot = snapshotOf([...images, imageUse('h59.example/other')])
    const status = inventoryStatus({}, snapshot, findings(unmatchedImages(snapshot, [])), STAMP)
    expect(status.unmatchedImages).toBe(61)
    expect(status.unmatchedHosts).toHaveLength(UNMATCHED_HOSTS_IN_STATUS)
    expect(status.unmatchedHosts?.[0]).toEqual({ host: 'h59.example', images: 2 })
  })

  test('is the same for the same world: an unchanged one is no write', () => {
    // Coverage grows with time, and does not make another status either.
    const covered = (coveredMs: number) =>
      snapshotOf([imageUse('x.example/app:v1')], {
        coveredMs,
        clusters: [clusterView('local', { coveredMs })],
      })
    const first = inventoryStatus({}, covered(90_000), ALL_MATCHED, STAMP)
    const later = { ...STAMP, now: STAMP.now + 60_000 }
    expect(inventoryStatus(first, covered(150_000), ALL_MATCHED, later)).toEqual(first)
  })

  test('S02: coverage is never in the future', () => {
    const status = inventoryStatus({}, snapshotOf([], { coveredMs: 1_000 }), ALL_MATCHED, STAMP)
    expect(Date.parse(status.coveredSince ?? '')).toBeLessThanOrEqual(STAMP.now)
  })

  test('never exceeds what the CRD allows, whatever pods name and clusters say', () => {
    const label = fc.stringMatching(/^[a-z]{1,30}$/)
    const host = fc.array(label, { minLength: 2, maxLength: 20 }).map((labels) => labels.join('.'))
    const reason = fc.string({ maxLength: 3_000 })
    fc.assert(
      fc.property(fc.array(host, { maxLength: 30 }), reason, (hosts, why) => {
        const images = hosts.map((each) => imageUse(`${each}/app:v1`))
        const notSynced = why.repeat(20)
        const clusters = [clusterView('local'.repeat(99), { synced: false, notSynced })]
        const snapshot = snapshotOf(images, { synced: false, notSynced: [notSynced], clusters })
        const status = inventoryStatus({}, snapshot, findings(unmatchedImages(snapshot, [])), STAMP)
        expect(ImageInventoryStatus.safeParse(status).error).toBeUndefined()
      }),
    )
  })
})
