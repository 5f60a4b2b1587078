import { describe, expect, it } from 'vitest'
import { ClusterMemory } from '#inventory/cluster-memory.ts'
import type { ClusterPolicy } from '#inventory/cluster-policy.ts'
import type { Moment } from '#inventory/ledger/watched-time.ts'
import type { UsingObject } from '#inventory/using-object.ts'
import { WatchedCluster } from '#inventory/watched-cluster.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const RETAIN = 31 * 24 * HOUR
const START = Date.UTC(2026, 0)
const SYNCED = { name: 'pods', state: 'synced', blocks: true } as const
const policy: ClusterPolicy = {
  ...{ name: 'local', required: true, duplicateAcknowledged: false, floor: 0, maxShrinkPercent: 50 },
}

/** @param wallAhead by how much the wall clock was set, ms */
function at(ms: number, wallAhead = 0): Moment {
  return { wall: START + ms + wallAhead, monotonic: ms }
}

function podOf(name: string, image: string, finishedAt?: number): UsingObject {
  return {
    ...{ uid: name, namespace: 'shop', name, kind: 'Pod', use: 'pod', hasPullSecrets: false, finishedAt },
    images: [
      { image, running: { kind: 'manifest', digest: 'sha256:a' }, neverPull: false, pullFailing: false },
    ],
  }
}

/** One that is synced, verified and remembered. */
function watched(changes: Partial<ClusterPolicy> = {}): { cluster: WatchedCluster; memory: ClusterMemory } {
  const cluster = new WatchedCluster({ ...policy, ...changes })
  const memory = ClusterMemory.of('uid-1', 'local')
  cluster.connected()
  cluster.sourcesAre([SYNCED])
  cluster.identified('uid-1', 0)
  cluster.judged(at(0), memory)
  return { cluster, memory }
}

function put(cluster: WatchedCluster, ...pods: UsingObject[]): void {
  for (const pod of pods) cluster.uses.table('pods').upsert(pod)
}

function reasons(cluster: WatchedCluster, now: Moment): string[] {
  return cluster.distrusts(now).map(({ reason }) => reason)
}

describe('whether a cluster is synced', () => {
  it('is not while it is not connected, and says why', () => {
    const { cluster } = watched()
    expect(cluster.synced).toBe(true)
    cluster.connected('no answer')
    expect(cluster.notSynced).toBe('no answer')
    expect(new WatchedCluster(policy).synced).toBe(false)
  })

  it('is not while it has no source, or one that blocks is not synced', () => {
    const { cluster } = watched()
    cluster.sourcesAre([])
    expect(cluster.notSynced).toBe('not listed yet')
    cluster.sourcesAre([SYNCED, { name: 'jobs', state: 'forbidden', blocks: true }])
    expect(cluster.notSynced).toBe('jobs: forbidden')
    cluster.sourcesAre([SYNCED, { name: 'jobs', state: 'forbidden', blocks: false }])
    expect(cluster.synced).toBe(true)
  })

  it('S05: is not while its identity is in question', () => {
    const { cluster } = watched()
    const problem = { reason: 'IdentityChanged', message: 'another one' } as const
    cluster.judged(at(1), undefined, problem)
    expect(cluster.notSynced).toBe('another one')
    expect(cluster.distrusts(at(1))).toEqual([problem])
  })
})

describe('why a cluster is not trusted', () => {
  it('S05: it has not said who it is since its list or a watch was begun again', () => {
    const { cluster } = watched()
    expect(reasons(cluster, at(0))).toEqual([])
    cluster.restarted(at(10))
    cluster.identified('uid-1', 9)
    expect(reasons(cluster, at(11))).toEqual(['IdentityUnverified'])
    cluster.identified('uid-1', 10)
    expect(reasons(cluster, at(11))).toEqual([])
  })

  it('S05: it never said who it is', () => {
    expect(reasons(new WatchedCluster(policy), at(0))).toEqual(['IdentityUnverified'])
  })

  it('S05: fewer images are in use than its floor', () => {
    const { cluster } = watched({ floor: 2 })
    put(cluster, podOf('a', 'nginx'), podOf('b', 'nginx'))
    expect(reasons(cluster, at(0))).toEqual(['BelowFloor'])
    put(cluster, podOf('c', 'redis'))
    expect(reasons(cluster, at(0))).toEqual([])
  })

  it('S05: what is remembered does not lift it over its floor', () => {
    const { cluster, memory } = watched({ floor: 1 })
    put(cluster, podOf('a', 'nginx'))
    cluster.remember(at(0))
    cluster.uses.drop('pods')
    expect(memory.ledger.size).toBe(1)
    expect(reasons(cluster, at(0))).toEqual(['BelowFloor'])
  })

  it('S05: it shrank; the token accepts that once', () => {
    const { cluster } = watched()
    const pods = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => podOf(name, name))
    put(cluster, ...pods)
    cluster.tick(at(0), RETAIN)
    for (const pod of pods.slice(0, 4)) cluster.uses.table('pods').remove(pod)
    cluster.tick(at(SECOND), RETAIN)
    expect(reasons(cluster, at(SECOND))).toEqual(['Shrunk'])
    const token = cluster.shrinkToken
    cluster.policy = { ...policy, acceptShrink: 'shrink-another' }
    cluster.tick(at(2 * SECOND), RETAIN)
    expect(reasons(cluster, at(2 * SECOND))).toEqual(['Shrunk'])
    cluster.policy = { ...policy, acceptShrink: token }
    cluster.tick(at(3 * SECOND), RETAIN)
    expect(reasons(cluster, at(3 * SECOND))).toEqual([])
    put(cluster, ...pods)
    cluster.tick(at(4 * SECOND), RETAIN)
    for (const pod of pods.slice(0, 4)) cluster.uses.table('pods').remove(pod)
    cluster.tick(at(5 * SECOND), RETAIN)
    expect(reasons(cluster, at(5 * SECOND))).toEqual(['Shrunk'])
  })

  it('S05: a shrink while it is not verified is not taken for its size', () => {
    const { cluster, memory } = watched()
    put(cluster, podOf('a', 'nginx'))
    cluster.restarted(at(1))
    cluster.tick(at(2), RETAIN)
    expect(memory.guard.baseline).toBeUndefined()
  })

  it.each([121, -121])('S02: its clock differs from ours by %i seconds', (seconds) => {
    const { cluster } = watched()
    cluster.clockIs({ serverTime: START + seconds * SECOND, at: 0 })
    expect(reasons(cluster, at(MINUTE))).toEqual(['ClockSkew'])
    cluster.clockIs({ serverTime: START + 119 * SECOND, at: 0 })
    expect(reasons(cluster, at(MINUTE))).toEqual([])
  })

  it('S02: our wall clock was set since the API server told the time', () => {
    const { cluster } = watched()
    cluster.clockIs({ serverTime: START, at: 0 })
    expect(reasons(cluster, at(HOUR))).toEqual([])
    expect(reasons(cluster, at(HOUR, -HOUR))).toEqual(['ClockSkew'])
    expect(cluster.timeIn(at(HOUR, -HOUR))).toBe(START + HOUR)
  })
})

describe('what a cluster used', () => {
  it('S02: is remembered although it is gone before anybody looks', () => {
    const { cluster, memory } = watched()
    put(cluster, podOf('a', 'nginx'))
    cluster.uses.table('pods').remove(podOf('a', 'nginx'))
    cluster.tick(at(0), RETAIN)
    expect(memory.ledger.get('nginx')).toMatchObject({ users: ['shop/Pod/a'] })
  })

  it('S02: is dated at its finish where only finished pods use it, by the clock of the cluster', () => {
    const { cluster, memory } = watched()
    cluster.tick(at(0), RETAIN)
    cluster.clockIs({ serverTime: START + 10 * HOUR, at: 10 * HOUR })
    cluster.tick(at(10 * HOUR), RETAIN)
    put(
      cluster,
      podOf('a', 'nginx', START + 6 * HOUR),
      podOf('b', 'redis', START + 6 * HOUR),
      podOf('c', 'redis'),
    )
    cluster.tick(at(10 * HOUR, -HOUR), RETAIN)
    expect(memory.ledger.get('nginx')?.watched).toBe(6 * HOUR)
    expect(memory.ledger.get('redis')?.watched).toBe(10 * HOUR)
  })

  it('S02: is noted again within the hour, so that it does not age while it is used', () => {
    const { cluster, memory } = watched()
    put(cluster, podOf('a', 'nginx'))
    for (let minute = 0; minute <= 180; minute += 1) cluster.tick(at(minute * MINUTE), RETAIN)
    expect(memory.ledger.get('nginx')?.watched).toBeGreaterThanOrEqual(2 * HOUR)
  })

  it('S02: does not age while the cluster is not synced, or not verified', () => {
    const { cluster, memory } = watched()
    cluster.tick(at(0), RETAIN)
    cluster.connected('no answer')
    cluster.tick(at(0), RETAIN)
    cluster.tick(at(HOUR), RETAIN)
    cluster.connected()
    cluster.restarted(at(HOUR))
    cluster.tick(at(HOUR), RETAIN)
    cluster.tick(at(2 * HOUR), RETAIN)
    expect(memory.watched.watchedMs).toBe(0)
    cluster.identified('uid-1', 2 * HOUR)
    cluster.tick(at(2 * HOUR), RETAIN)
    cluster.tick(at(3 * HOUR), RETAIN)
    expect(memory.watched.watchedMs).toBe(HOUR)
  })

  it('S02: leaves after the retained time, and while it is used never', () => {
    const { cluster, memory } = watched()
    put(cluster, podOf('a', 'nginx'), podOf('b', 'redis'))
    cluster.tick(at(0), HOUR)
    cluster.uses.table('pods').remove(podOf('b', 'redis'))
    for (let minute = 1; minute <= 360; minute += 1) cluster.tick(at(minute * MINUTE), HOUR)
    expect(memory.ledger.get('redis')).toBeUndefined()
    expect(memory.ledger.get('nginx')).toBeDefined()
  })
})

describe('what is in use', () => {
  const images = Array.from({ length: 120 }, (_, number) => `app-${number}`)
  const inUse = () => {
    const { cluster, memory } = watched()
    put(cluster, ...images.map((image) => podOf(image, image)))
    return { cluster, memory }
  }
  const imagesWithDigest = ({ ledger }: ClusterMemory) =>
    [...ledger.entries()].filter(({ digests }) => digests.length === 1).map(({ image }) => image)

  it('S06: keeps its digests where another memory, in which they are old, takes the place of the present one', () => {
    const { cluster } = inUse()
    for (let second = 0; second < 30; second += 1) cluster.tick(at(second * SECOND), RETAIN)
    const watchedMs = RETAIN + 3 * HOUR
    const loaded = new ClusterMemory(
      {
        ...{ identity: 'uid-1', name: 'local', entries: ['local'] },
        watched: { watchedMs, coveredMs: watchedMs, watchedUntil: START },
      },
      images.map((image) => ({
        ...{ image, firstSeen: START, lastSeen: START, watched: 0, users: [] },
        digests: [{ digest: 'sha256:a', isConfig: false, watched: 0 }],
      })),
    )
    cluster.judged(at(30 * SECOND), loaded)
    for (let second = 30; second < 120; second += 1) {
      cluster.tick(at(second * SECOND), RETAIN)
      expect(imagesWithDigest(loaded)).toEqual(images)
    }
  })

  it('S02: does not leave in a turn in which a part of it could not be noted yet', () => {
    const { cluster, memory } = inUse()
    for (let minute = 0; minute < 90; minute += 1) cluster.tick(at(minute * MINUTE), HOUR)
    // As many hours without a turn: the machine was busy with something else.
    cluster.tick(at(90 * MINUTE + 5 * HOUR), HOUR)
    expect([...memory.ledger.entries()].map(({ image, firstSeen }) => [image, firstSeen])).toEqual(
      images.map((image) => [image, START]),
    )
  })
})

describe('a barrier', () => {
  it('S03: never goes back', () => {
    const { cluster } = watched()
    cluster.barrierReached(at(10))
    cluster.barrierReached(at(5))
    expect(cluster.barrier).toEqual(at(10))
  })
})

describe('a cluster that is detached', () => {
  it('S05: leaves everything that it used in its memory, as used up to now', () => {
    const { cluster, memory } = watched()
    put(cluster, podOf('a', 'nginx'))
    cluster.tick(at(0), RETAIN)
    put(cluster, podOf('b', 'redis'))
    cluster.detach(at(3 * MINUTE))
    expect(memory.ledger.get('nginx')).toBeDefined()
    expect(memory.ledger.get('redis')).toBeDefined()
  })

  it('S02: what its memory was not told yet is noted at the end, as after a start', () => {
    const { cluster } = watched()
    put(cluster, podOf('a', 'nginx'))
    cluster.remember(at(0))
    const loaded = ClusterMemory.of('uid-1', 'local')
    cluster.judged(at(1), loaded)
    cluster.detach(at(2))
    expect(loaded.ledger.get('nginx')).toBeDefined()
  })

  it('S02: counts as not watched from that moment', () => {
    const { cluster, memory } = watched()
    cluster.tick(at(0), RETAIN)
    cluster.detach(at(MINUTE))
    cluster.tick(at(HOUR), RETAIN)
    memory.watched.tick(true, at(HOUR))
    expect(memory.watched.record).toMatchObject({ watchedMs: MINUTE, coveredMs: 0 })
  })

  it('S05: has no identity, barrier or source any longer, and what it held is gone', () => {
    const { cluster } = watched()
    put(cluster, podOf('a', 'nginx'))
    cluster.barrierReached(at(0))
    cluster.detach(at(1))
    expect(cluster).toMatchObject({
      ...{ identity: undefined, barrier: undefined, sources: [], memory: undefined, synced: false },
    })
    expect(cluster.uses.images).toBe(0)
    cluster.connected()
    expect(cluster.synced).toBe(false)
  })
})
