import { describe, expect, it } from 'vitest'
import type { ClusterPolicy } from '#inventory/cluster-policy.ts'
import { Inventory, type MemoryState } from '#inventory/inventory.ts'
import { SnapshotMaker, type SnapshotParts } from '#inventory/inventory-snapshot.ts'
import { compilePins } from '#inventory/pins.ts'
import type { UsingObject } from '#inventory/using-object.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0)
const pins = compilePins(['**/pause'])

const at = (ms: number) => ({ wall: START + ms, monotonic: ms })

function partsAt(ms: number, changes: Partial<SnapshotParts> = {}): SnapshotParts {
  return { now: at(ms), platforms: [], pins, pinProblems: [], ...changes }
}

function entryOf(name: string, changes: Partial<ClusterPolicy> = {}): ClusterPolicy {
  return { name, required: true, duplicateAcknowledged: false, floor: 0, maxShrinkPercent: 50, ...changes }
}

const policy = { retainMs: 31 * 24 * 60 * MINUTE, clusters: [entryOf('local'), entryOf('edge')], release: [] }

function podOf(name: string, image: string): UsingObject {
  return {
    ...{ uid: name, namespace: 'shop', name, kind: 'Pod', use: 'pod', hasPullSecrets: false },
    images: [{ image, running: undefined, neverPull: false, pullFailing: false }],
  }
}

function show(inventory: Inventory, name: string, uid: string, ...images: string[]): void {
  const cluster = inventory.cluster(name)
  cluster?.connected()
  inventory.identified(name, uid, 0, at(0))
  cluster?.sourcesAre([{ name: 'pods', state: 'synced', blocks: true }])
  for (const image of images) cluster?.uses.table('pods').upsert(podOf(`${name}-${image}`, image))
}

/** Two clusters that are watched and remembered. */
function watched(memory: MemoryState = 'unloaded') {
  const inventory = new Inventory(policy, memory)
  if (memory === 'unloaded') inventory.load([], true, at(0))
  show(inventory, 'local', 'uid-1', 'nginx')
  show(inventory, 'edge', 'uid-2', 'redis')
  inventory.tick(at(0))
  return { inventory, snapshots: new SnapshotMaker(inventory) }
}

describe('a snapshot', () => {
  it('is synced where isSynced says so, whichever clusters are there and required', () => {
    const states = [true, false].flatMap((required) => [
      { required, answers: true },
      { required, answers: false },
    ])
    const lists = [[], ...states.map((state) => [state]), ...states.flatMap((a) => states.map((b) => [a, b]))]
    for (const list of lists) {
      const clusters = list.map(({ required }, n) => entryOf(`c${n}`, { required }))
      const inventory = new Inventory({ ...policy, clusters }, 'none')
      list.forEach(({ answers }, n) => {
        if (answers) show(inventory, `c${n}`, `uid-${n}`, 'nginx')
      })
      const snapshots = new SnapshotMaker(inventory)
      expect(snapshots.isSynced).toBe(snapshots.make(partsAt(0)).synced)
    }
  })

  it('says what all clusters use and used, and what may be concluded from it', () => {
    const { inventory, snapshots } = watched()
    inventory.cluster('edge')?.uses.table('pods').remove(podOf('edge-redis', 'redis'))
    const platform = { os: 'linux', architecture: 'amd64' }
    const snapshot = snapshots.make(partsAt(0, { platforms: [platform, platform] }))
    expect(snapshot).toMatchObject({ synced: true, version: 1, takenAt: START, pods: 1, pins })
    expect(snapshot.platforms).toEqual([platform])
    expect(snapshot.images.map(({ image }) => image)).toEqual(['nginx'])
    expect(snapshot.remembered.map(({ image, cluster }) => `${cluster}: ${image}`)).toEqual([
      'local: nginx',
      'edge: redis',
    ])
    expect(snapshot.clusters).toMatchObject([
      { name: 'local', identity: 'uid-1', images: 1, pods: 1, synced: true, required: true, coveredMs: 0 },
      { name: 'edge', identity: 'uid-2', images: 0, pods: 0, synced: true, required: true, coveredMs: 0 },
    ])
  })

  it('S02: holds what was in the one before and went before it was remembered', () => {
    const { inventory, snapshots } = watched()
    const pods = inventory.cluster('edge')?.uses.table('pods')
    pods?.upsert(podOf('short', 'busybox'))
    expect(snapshots.make(partsAt(1)).images.map(({ image }) => image)).toContain('busybox')
    pods?.remove(podOf('short', 'busybox'))
    expect(snapshots.make(partsAt(2)).remembered.map(({ image }) => image)).toContain('busybox')
  })

  it('S05: holds what a frozen cluster used last', () => {
    const { inventory, snapshots } = watched()
    inventory.configure({ ...policy, clusters: [entryOf('local')] }, at(MINUTE))
    const snapshot = snapshots.make(partsAt(MINUTE))
    expect(snapshot.frozen).toEqual([{ name: 'edge', identity: 'uid-2', images: 1, watchedUntil: START }])
    expect(snapshot.images.map(({ image }) => image)).toEqual(['nginx'])
    expect(snapshot.remembered.map(({ image }) => image)).toContain('redis')
  })

  it('S02: is not trusted while the memory is not loaded, and where there is to be none it is', () => {
    const { inventory, snapshots } = watched()
    expect(snapshots.make(partsAt(0)).trusted).toBe(true)
    inventory.unload(at(1))
    expect(snapshots.make(partsAt(1))).toMatchObject({
      ...{ synced: true, trusted: false, distrusts: [{ reason: 'LedgerNotLoaded' }] },
    })
    expect(snapshots.verdict(at(1)).distrusts).toMatchObject([{ reason: 'LedgerNotLoaded' }])
    expect(watched('none').snapshots.make(partsAt(0)).trusted).toBe(true)
  })

  it('S07: is not trusted while a pin cannot be read', () => {
    const { snapshots } = watched()
    expect(snapshots.make(partsAt(0, { pinProblems: ['ci-pins: line 3', 'x'] }))).toMatchObject({
      ...{ synced: true, trusted: false },
      distrusts: [{ reason: 'PinsUnreadable', message: 'ci-pins: line 3; x' }],
    })
  })

  it('S05: of two entries for one cluster, one counts', () => {
    const clusters = [entryOf('local'), entryOf('twin', { duplicateAcknowledged: true })]
    const inventory = new Inventory({ ...policy, clusters })
    inventory.load([], true, at(0))
    show(inventory, 'local', 'uid-1', 'nginx')
    show(inventory, 'twin', 'uid-1', 'nginx')
    expect(new SnapshotMaker(inventory).make(partsAt(0)).images).toMatchObject([{ image: 'nginx', pods: 1 }])
  })
})

describe('the next snapshot', () => {
  it('is the same object while nothing changed, coverage of less than a minute aside', () => {
    const { inventory, snapshots } = watched()
    const before = snapshots.make(partsAt(0))
    inventory.tick(at(30_000))
    expect(snapshots.make(partsAt(30_000))).toBe(before)
    inventory.tick(at(MINUTE))
    expect(snapshots.make(partsAt(MINUTE))).toMatchObject({ version: 2, coveredMs: MINUTE })
  })

  const changes: [string, (inventory: Inventory) => Partial<SnapshotParts> | undefined][] = [
    ['an image is used', (inventory) => void show(inventory, 'edge', 'uid-2', 'postgres')],
    [
      'an image takes the place of another',
      (inventory) => {
        const pods = inventory.cluster('edge')?.uses.table('pods')
        pods?.remove(podOf('edge-redis', 'redis'))
        pods?.upsert(podOf('edge-postgres', 'postgres'))
        return undefined
      },
    ],
    ['a cluster is not synced', (inventory) => void inventory.cluster('edge')?.connected('no answer')],
    ['a barrier is reached', (inventory) => void inventory.cluster('edge')?.barrierReached(at(1))],
    ['a watch was begun again', (inventory) => void inventory.cluster('edge')?.restarted(at(1))],
    ['a cluster freezes', (inventory) => void inventory.configure({ ...policy, clusters: [] }, at(1))],
    ['other pins hold', () => ({ pins: compilePins(['**/pause']) })],
    ['a pin cannot be read', () => ({ pinProblems: ['a line'] })],
    ['nodes of another platform came', () => ({ platforms: [{ os: 'linux', architecture: 'arm64' }] })],
    [
      'something else is remembered',
      (inventory) => {
        const sight = { image: 'short-lived', digests: [], configs: [], users: [] }
        inventory.cluster('edge')?.memory?.see(sight, at(1))
        return undefined
      },
    ],
  ]
  it.each(changes)('is another one when %s', (_what, change) => {
    const { inventory, snapshots } = watched()
    const before = snapshots.make(partsAt(0))
    const parts = change(inventory)
    expect(snapshots.make(partsAt(1, parts))).not.toBe(before)
    expect(snapshots.make(partsAt(1, parts)).version).toBe(2)
  })

  it('does not put together again what did not change', () => {
    const { inventory, snapshots } = watched()
    const before = snapshots.make(partsAt(0))
    inventory.cluster('edge')?.barrierReached(at(1))
    const after = snapshots.make(partsAt(1))
    expect(after.images).toBe(before.images)
    expect(after.remembered).toBe(before.remembered)
  })
})

describe('catching up', () => {
  it('is done in steps, between which clusters may change, and the snapshot after it holds what is true then', () => {
    const { inventory, snapshots } = watched()
    const images = Array.from({ length: 12_000 }, (_, i) => `registry.example/app-${i}`)
    show(inventory, 'edge', 'uid-2', ...images)
    let steps = 0
    for (const _ of snapshots.catchUp()) {
      steps += 1
      if (steps === 1) show(inventory, 'local', 'uid-1', 'postgres')
    }
    expect(steps).toBeGreaterThan(0)
    const { images: used } = snapshots.make(partsAt(0))
    expect(used.length).toBe(12_003)
    expect(used.map(({ image }) => image)).toContain('postgres')
  })

  it('changes no snapshot', () => {
    const { snapshots } = watched()
    const before = snapshots.make(partsAt(0))
    expect([...snapshots.catchUp()]).toEqual([])
    expect(snapshots.make(partsAt(0))).toBe(before)
  })
})
