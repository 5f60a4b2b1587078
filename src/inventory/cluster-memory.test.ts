import { describe, expect, it } from 'vitest'
import { ClusterMemory } from '#inventory/cluster-memory.ts'
import type { Sight } from '#inventory/ledger/ledger.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 0)

const at = (ms: number) => ({ wall: START + ms, monotonic: ms })

function sightOf(image: string): Sight {
  return { image, digests: ['sha256:a'], configs: [], users: [] }
}

/** That of a cluster that was watched for so long. */
function watchedFor(hours: number): ClusterMemory {
  const watched = { watchedMs: hours * HOUR, coveredMs: hours * HOUR, watchedUntil: START }
  return new ClusterMemory({ identity: 'uid-1', name: 'local', entries: ['local'], watched })
}

describe('what is remembered of a cluster', () => {
  it('S02: is stored and made again from what is stored', () => {
    const memory = watchedFor(5)
    memory.guard.see(3, 5 * HOUR, 50)
    memory.see(sightOf('nginx'), at(0))
    const again = new ClusterMemory(memory.record, memory.ledger.entries())
    expect(again.record).toEqual(memory.record)
    expect([...again.ledger.entries()]).toEqual([...memory.ledger.entries()])
    expect(again.guard.isShrunk(1, 50)).toBe(true)
  })

  it('S02: dates a sight by the time that the cluster was watched, and by the wall clock for people', () => {
    const memory = watchedFor(10)
    memory.see(sightOf('nginx'), at(0), 4 * HOUR)
    expect(memory.ledger.get('nginx')).toMatchObject({ watched: 6 * HOUR, lastSeen: START - 4 * HOUR })
  })

  it('S02: says since when a first sight has waited to be saved, and what has changed', () => {
    const memory = watchedFor(0)
    expect(memory.firstUnsavedAt).toBeUndefined()
    memory.see(sightOf('nginx'), at(5))
    memory.see(sightOf('redis'), at(9))
    expect(memory.firstUnsavedAt).toBe(5)
    expect(memory.takeUnsaved()).toEqual(new Set(['nginx', 'redis']))
    expect(memory.firstUnsavedAt).toBeUndefined()
    expect(memory.takeUnsaved()).toEqual(new Set())
  })

  it('S02: what could not be saved has to be saved still', () => {
    const memory = watchedFor(0)
    memory.see(sightOf('nginx'), at(5))
    memory.putBack(memory.takeUnsaved(), at(20))
    expect(memory.firstUnsavedAt).toBe(20)
    expect(memory.takeUnsaved()).toEqual(new Set(['nginx']))
  })

  it('nothing that is put back does not ask to be saved', () => {
    const memory = watchedFor(0)
    memory.putBack([], at(20))
    expect(memory.firstUnsavedAt).toBeUndefined()
  })

  it('an image that left has to be saved, without haste', () => {
    const memory = watchedFor(0)
    memory.see(sightOf('nginx'), at(0), 10 * HOUR)
    memory.takeUnsaved()
    memory.expire(HOUR, () => false)
    expect(memory.firstUnsavedAt).toBeUndefined()
    expect(memory.takeUnsaved()).toEqual(new Set(['nginx']))
  })

  it('S02: two unite: each age stays what it was, and what is new has to be saved', () => {
    const ours = watchedFor(10)
    const theirs = watchedFor(4)
    theirs.see(sightOf('nginx'), at(0), HOUR)
    ours.unite(theirs, at(7))
    expect(ours.ledger.get('nginx')).toMatchObject({ watched: 9 * HOUR })
    expect(ours.firstUnsavedAt).toBe(7)
    expect(ours.takeUnsaved()).toEqual(new Set(['nginx']))
  })
})
