import { describe, expect, it } from 'vitest'
import { ClusterMemory } from '#inventory/cluster-memory.ts'
import { SaveSchedule } from '#inventory/ledger/save-schedule.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

function memoryOf(identity: string, ...entries: string[]): ClusterMemory {
  const memory = ClusterMemory.of(identity, identity)
  for (const entry of entries) memory.entries.add(entry)
  return memory
}

function see(memory: ClusterMemory, image: string, monotonic: number): void {
  const sight = { image, digests: [], configs: [], users: [] }
  memory.see(sight, { wall: Date.UTC(2026, 0) + monotonic, monotonic })
}

/** Everything was written at `at`. */
function savedAt(memories: readonly ClusterMemory[], at: number): SaveSchedule {
  const schedule = new SaveSchedule(0)
  for (const memory of memories) memory.takeUnsaved()
  schedule.saved('entries', memories, at)
  return schedule
}

describe('when the ledger is written', () => {
  it('S02: within ten seconds of a first sight, with what else is seen meanwhile', () => {
    const memories = [memoryOf('uid-1', 'local')]
    const schedule = savedAt(memories, 0)
    for (const memory of memories) see(memory, 'nginx', MINUTE)
    expect(schedule.due(memories, MINUTE + 1 * SECOND)).toBeUndefined()
    expect(schedule.due(memories, MINUTE + 9 * SECOND)).toBe('entries')
  })

  it('S02: a first sight of any cluster counts', () => {
    const memories = [memoryOf('uid-1', 'local'), memoryOf('uid-2', 'edge')]
    const schedule = savedAt(memories, 0)
    for (const memory of memories.slice(1)) see(memory, 'nginx', MINUTE)
    expect(schedule.due(memories, MINUTE + 9 * SECOND)).toBe('entries')
  })

  it('S02: the head every five minutes, so that a killed process leaves no gap of ten', () => {
    const memories = [memoryOf('uid-1', 'local')]
    const schedule = savedAt(memories, 0)
    expect(schedule.due(memories, 5 * MINUTE - 1)).toBeUndefined()
    expect(schedule.due(memories, 5 * MINUTE)).toBe('head')
    schedule.saved('head', memories, 5 * MINUTE)
    expect(schedule.due(memories, 10 * MINUTE - 1)).toBeUndefined()
  })

  it('the head at first', () => {
    expect(new SaveSchedule(0).due([], 0)).toBe('head')
  })

  it('S05: the head at once when a cluster is new, is known under another name, or was released', () => {
    const local = memoryOf('uid-1', 'local')
    const edge = memoryOf('uid-2', 'edge')
    const schedule = savedAt([local, edge], 0)
    expect(schedule.due([local, edge], 1)).toBeUndefined()
    expect(schedule.due([local], 1)).toBe('head')
    expect(schedule.due([local, edge, memoryOf('uid-3', 'new')], 1)).toBe('head')
    edge.entries.add('far-edge')
    expect(schedule.due([local, edge], 1)).toBe('head')
  })

  it('S02: refreshed sights within two minutes of a start, and every hour from then on', () => {
    const memories = [memoryOf('uid-1', 'local')]
    const schedule = new SaveSchedule(0)
    schedule.saved('head', memories, 0)
    expect(schedule.due(memories, MINUTE)).toBeUndefined()
    expect(schedule.due(memories, 2 * MINUTE)).toBe('entries')
    schedule.saved('entries', memories, 2 * MINUTE)
    schedule.saved('head', memories, 60 * MINUTE)
    expect(schedule.due(memories, 62 * MINUTE - 1)).toBeUndefined()
    expect(schedule.due(memories, 62 * MINUTE)).toBe('entries')
  })
})
