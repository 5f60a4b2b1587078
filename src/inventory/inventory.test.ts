import { describe, expect, it } from 'vitest'
import { ClusterMemory } from '#inventory/cluster-memory.ts'
import type { ClusterPolicy } from '#inventory/cluster-policy.ts'
import { Inventory, type InventoryPolicy } from '#inventory/inventory.ts'
import type { UsingObject } from '#inventory/using-object.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 0)

const at = (ms: number) => ({ wall: START + ms, monotonic: ms })

function entryOf(name: string, changes: Partial<ClusterPolicy> = {}): ClusterPolicy {
  return { name, required: true, duplicateAcknowledged: false, floor: 0, maxShrinkPercent: 50, ...changes }
}

function policyOf(...clusters: ClusterPolicy[]): InventoryPolicy {
  return { retainMs: 31 * 24 * HOUR, clusters, release: [] }
}

function podOf(name: string, image: string): UsingObject {
  return {
    ...{ uid: name, namespace: 'shop', name, kind: 'Pod', use: 'pod', hasPullSecrets: false },
    images: [{ image, running: undefined, neverPull: false, pullFailing: false }],
  }
}

/** The cluster answers at `ms`, says who it is, and shows that it uses `images`. */
function show(inventory: Inventory, name: string, uid: string, images: readonly string[], ms = 0): void {
  const cluster = inventory.cluster(name)
  cluster?.connected()
  inventory.identified(name, uid, ms, at(ms))
  cluster?.sourcesAre([{ name: 'pods', state: 'synced', blocks: true }])
  for (const image of images) cluster?.uses.table('pods').upsert(podOf(`${name}-${image}`, image))
  inventory.tick(at(ms))
}

/** One whose memory was loaded and was empty. */
function loaded(...clusters: ClusterPolicy[]): Inventory {
  const inventory = new Inventory(policyOf(...clusters))
  inventory.load([], true, at(0))
  return inventory
}

/** As it would be read in another process. */
function stored(inventory: Inventory): ClusterMemory[] {
  return inventory.memories.map((memory) => new ClusterMemory(memory.record, memory.ledger.entries()))
}

function imagesOf(inventory: Inventory, identity: string): string[] | undefined {
  const memory = inventory.memories.find((each) => each.identity === identity)
  return memory && [...memory.ledger.entries()].map(({ image }) => image).sort()
}

function frozenOf(inventory: Inventory): string[] {
  return inventory.frozen.map(({ identity }) => identity)
}

describe('a cluster of an inventory', () => {
  it('is adopted under the first identity that it gives', () => {
    const inventory = loaded(entryOf('local'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    expect(inventory.cluster('local')?.synced).toBe(true)
    expect(imagesOf(inventory, 'uid-1')).toEqual(['nginx'])
    expect(inventory.frozen).toEqual([])
  })

  it('S02: with much to remember is remembered in parts, until nothing is left', () => {
    const inventory = loaded(entryOf('local'))
    show(inventory, 'local', 'uid-1', [])
    const images = Array.from({ length: 7 }, (_, n) => `app:${n}`)
    for (const image of images) inventory.cluster('local')?.uses.table('pods').upsert(podOf(image, image))
    inventory.tick(at(1), 3)
    expect(imagesOf(inventory, 'uid-1')).toHaveLength(3)
    expect(inventory.rememberMore(at(1), 3)).toBe(true)
    expect(inventory.rememberMore(at(1), 3)).toBe(false)
    expect(imagesOf(inventory, 'uid-1')).toEqual(images)
  })

  it('S05: that gives another identity is not synced, and what is seen of it is not remembered as the old one', () => {
    const inventory = loaded(entryOf('local'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    show(inventory, 'local', 'uid-2', ['intruder'], HOUR)
    expect(inventory.cluster('local')?.identityProblem?.reason).toBe('IdentityChanged')
    expect(inventory.cluster('local')?.synced).toBe(false)
    expect(imagesOf(inventory, 'uid-1')).toEqual(['nginx'])
    expect(frozenOf(inventory)).toEqual(['uid-1'])
  })

  it('S05: is recognised after a restart by the name of its entry', () => {
    const first = loaded(entryOf('local'))
    show(first, 'local', 'uid-1', ['nginx'])
    const inventory = new Inventory(policyOf(entryOf('local')))
    inventory.load(stored(first), true, at(0))
    show(inventory, 'local', 'uid-2', [])
    expect(inventory.cluster('local')?.identityProblem?.reason).toBe('IdentityChanged')
  })

  it('S05: a change that a human acknowledges: the new one is adopted, and the old set stays under a name of its own', () => {
    const inventory = loaded(entryOf('local'))
    show(inventory, 'local', 'uid-1-and-more', ['nginx'])
    show(inventory, 'local', 'uid-2', [], HOUR)
    inventory.configure(policyOf(entryOf('local', { identity: 'uid-2' })), at(HOUR))
    expect(inventory.cluster('local')?.synced).toBe(true)
    expect(inventory.frozen.map(({ name }) => name)).toEqual(['local@uid-1-an'])
    expect(imagesOf(inventory, 'uid-1-and-more')).toEqual(['nginx'])
    inventory.configure(policyOf(entryOf('local')), at(HOUR))
    expect(inventory.cluster('local')?.synced).toBe(true)
  })

  it('S05: what was seen up to a change of identity is remembered before it is judged', () => {
    const inventory = loaded(entryOf('local'))
    show(inventory, 'local', 'uid-1', [])
    inventory.cluster('local')?.uses.table('pods').upsert(podOf('last', 'redis'))
    inventory.identified('local', 'uid-2', HOUR, at(HOUR))
    expect(imagesOf(inventory, 'uid-1')).toEqual(['redis'])
  })

  it('S05: that another entry reaches too is a duplicate, until a human acknowledges it', () => {
    const inventory = loaded(entryOf('local'), entryOf('twin'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    show(inventory, 'twin', 'uid-1', [])
    expect(inventory.cluster('local')?.synced).toBe(true)
    expect(inventory.cluster('twin')?.identityProblem?.reason).toBe('DuplicateCluster')
    inventory.configure(policyOf(entryOf('local'), entryOf('twin', { duplicateAcknowledged: true })), at(1))
    expect(inventory.cluster('twin')).toMatchObject({ identityProblem: undefined, sameAs: 'local' })
    expect(inventory.cluster('twin')?.memory).toBeUndefined()
  })

  it('facts about a cluster that nobody watches are ignored', () => {
    const inventory = loaded(entryOf('local'))
    inventory.identified('gone', 'uid-9', 0, at(0))
    expect(inventory.memories).toEqual([])
  })
})

describe('a cluster that leaves the policy', () => {
  it('S05: freezes: its last known set stays, what it used last included', () => {
    const inventory = loaded(entryOf('local'), entryOf('edge'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    show(inventory, 'edge', 'uid-2', ['redis'])
    inventory.cluster('edge')?.uses.table('pods').upsert(podOf('last', 'postgres'))
    inventory.configure(policyOf(entryOf('local')), at(HOUR))
    expect(inventory.clusters.map(({ name }) => name)).toEqual(['local'])
    expect(frozenOf(inventory)).toEqual(['uid-2'])
    expect(imagesOf(inventory, 'uid-2')).toEqual(['postgres', 'redis'])
  })

  it('S02: does not age while it is frozen', () => {
    const inventory = loaded(entryOf('local'), entryOf('edge'))
    show(inventory, 'edge', 'uid-2', ['redis'])
    inventory.configure(policyOf(entryOf('local')), at(0))
    for (let day = 0; day < 100; day += 1) inventory.tick(at(day * 24 * HOUR))
    expect(imagesOf(inventory, 'uid-2')).toEqual(['redis'])
    expect(inventory.frozen.map(({ watched }) => watched.watchedMs)).toEqual([0])
  })

  it('S05: is let go by a human, and only what is frozen', () => {
    const inventory = loaded(entryOf('local'), entryOf('edge'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    show(inventory, 'edge', 'uid-2', ['redis'])
    inventory.configure({ ...policyOf(entryOf('local')), release: ['uid-1', 'uid-2'] }, at(HOUR))
    expect(inventory.memories.map(({ identity }) => identity)).toEqual(['uid-1'])
  })

  it('is watched again with what is remembered of it', () => {
    const inventory = loaded(entryOf('local'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    inventory.configure(policyOf(), at(1))
    inventory.configure(policyOf(entryOf('local')), at(2))
    show(inventory, 'local', 'uid-1', ['redis'], 3)
    expect(inventory.frozen).toEqual([])
    expect(imagesOf(inventory, 'uid-1')).toEqual(['nginx', 'redis'])
  })
})

describe('a restart', () => {
  it('S05: a cluster that has not said who it is yet is not frozen, nor released', () => {
    const first = loaded(entryOf('local'))
    show(first, 'local', 'uid-1', ['nginx'])
    const inventory = new Inventory({ ...policyOf(entryOf('local')), release: ['uid-1'] })
    inventory.load(stored(first), true, at(0))
    expect(inventory.frozen).toEqual([])
    expect(imagesOf(inventory, 'uid-1')).toEqual(['nginx'])
  })

  it('S02: what is seen before the memory is loaded is remembered', () => {
    const first = loaded(entryOf('local'))
    show(first, 'local', 'uid-1', ['nginx'])
    const inventory = new Inventory(policyOf(entryOf('local')))
    show(inventory, 'local', 'uid-1', ['redis'])
    expect(inventory).toMatchObject({ memoryState: 'unloaded', memories: [], frozen: [] })
    inventory.load(stored(first), true, at(1))
    inventory.tick(at(HOUR))
    expect(imagesOf(inventory, 'uid-1')).toEqual(['nginx', 'redis'])
  })

  it('S02: coverage starts anew where a part of the memory is lost', () => {
    const first = loaded(entryOf('local'))
    show(first, 'local', 'uid-1', ['nginx'])
    first.tick(at(HOUR))
    for (const complete of [true, false]) {
      const inventory = new Inventory(policyOf(entryOf('local')))
      inventory.load(stored(first), complete, at(HOUR))
      expect(inventory.memories.map(({ watched }) => watched.record)).toMatchObject([
        { watchedMs: HOUR, coveredMs: complete ? HOUR : 0 },
      ])
    }
  })
})

describe('a lease that was lost', () => {
  it('S02: nothing is forgotten meanwhile: what we knew, what another process wrote and what is seen unite', () => {
    const inventory = loaded(entryOf('local'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    const other = loaded(entryOf('local'))
    show(other, 'local', 'uid-1', ['redis'])
    inventory.unload(at(1))
    expect(inventory.memoryState).toBe('unloaded')
    show(inventory, 'local', 'uid-1', ['postgres'], 2)
    inventory.load(stored(other), true, at(3))
    inventory.tick(at(HOUR))
    expect(imagesOf(inventory, 'uid-1')).toEqual(['nginx', 'postgres', 'redis'])
  })

  it('S02: what came and went right before the memory is read again is remembered', () => {
    const inventory = loaded(entryOf('local'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    const read = stored(inventory)
    const pods = inventory.cluster('local')?.uses.table('pods')
    pods?.upsert(podOf('short', 'redis'))
    pods?.remove(podOf('short', 'redis'))
    inventory.load(read, true, at(1))
    expect(imagesOf(inventory, 'uid-1')).toEqual(['nginx', 'redis'])
  })

  it('S05: what another process released meanwhile stays released', () => {
    const inventory = loaded(entryOf('local'), entryOf('edge'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    show(inventory, 'edge', 'uid-2', ['redis'])
    inventory.configure(policyOf(entryOf('local')), at(1))
    const kept = stored(inventory).filter(({ identity }) => identity === 'uid-1')
    inventory.unload(at(2))
    inventory.load(kept, true, at(3))
    expect(inventory.memories.map(({ identity }) => identity)).toEqual(['uid-1'])
  })

  it.each([
    { what: 'is lost in part', complete: false, keepsFirst: true },
    { what: 'is lost', complete: true, keepsFirst: false },
  ])('S02: what we know is not taken for released where the ledger $what', ({ complete, keepsFirst }) => {
    const inventory = loaded(entryOf('local'), entryOf('edge'))
    show(inventory, 'local', 'uid-1', ['nginx'])
    show(inventory, 'edge', 'uid-2', ['redis'])
    inventory.configure(policyOf(entryOf('local')), at(1))
    const first = keepsFirst ? stored(inventory).slice(0, 1) : []
    inventory.unload(at(2))
    inventory.load(first, complete, at(3))
    expect(imagesOf(inventory, 'uid-2')).toEqual(['redis'])
  })
})

describe('an inventory without memory', () => {
  it('judges who a cluster is, and freezes nothing', () => {
    const inventory = new Inventory(policyOf(entryOf('local', { identity: 'uid-1' })), 'none')
    show(inventory, 'local', 'uid-2', ['nginx'])
    expect(inventory.cluster('local')?.identityProblem?.reason).toBe('IdentityChanged')
    expect(inventory).toMatchObject({ memories: [], frozen: [] })
  })
})
