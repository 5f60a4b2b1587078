import { describe, expect, it } from 'vitest'
import { type JudgedCluster, verdictOf } from '#inventory/trust/verdict.ts'

const moment = (monotonic: number) => ({ wall: Date.UTC(2026, 0) + monotonic, monotonic })
const shrunk = { reason: 'Shrunk', message: 'few are left' } as const
const local: JudgedCluster = {
  ...{ name: 'local', required: true, distrusts: [], coveredMs: 20 },
  barrier: moment(200),
}
const edge: JudgedCluster = { ...local, name: 'edge', coveredMs: 10, barrier: moment(100) }

describe('the verdict about an inventory', () => {
  it('is synced and trusted where every cluster is', () => {
    expect(verdictOf([local, edge], [])).toEqual({
      ...{ synced: true, notSynced: [], trusted: true, distrusts: [] },
      coveredMs: 10,
      barrier: moment(100),
    })
  })

  it('is not synced where no cluster is watched', () => {
    expect(verdictOf([], [])).toMatchObject({ synced: false, trusted: false })
  })

  it('is neither where a required cluster is not synced, and says which', () => {
    expect(verdictOf([local, { ...edge, notSynced: 'no answer' }], [])).toMatchObject({
      ...{ synced: false, trusted: false, notSynced: ['edge: no answer'] },
    })
  })

  it('S05: is synced and not trusted where a cluster is distrusted, and says which', () => {
    expect(verdictOf([local, { ...edge, distrusts: [shrunk] }], [])).toMatchObject({
      ...{ synced: true, trusted: false, distrusts: [{ ...shrunk, cluster: 'edge' }] },
    })
  })

  it('is not trusted where something is wrong with the inventory itself', () => {
    const own = { reason: 'PinsUnreadable', message: 'a line' } as const
    expect(verdictOf([local], [own])).toMatchObject({ synced: true, trusted: false, distrusts: [own] })
  })
})

describe('a cluster that is not required', () => {
  const optional = { ...edge, required: false }

  it('is not waited for', () => {
    const verdict = verdictOf([local, { ...optional, notSynced: 'no answer', distrusts: [shrunk] }], [])
    expect(verdict).toMatchObject({ synced: true, trusted: true, coveredMs: 20, barrier: moment(200) })
  })

  it('S05: is distrusted like any other when it is there', () => {
    expect(verdictOf([local, { ...optional, distrusts: [shrunk] }], [])).toMatchObject({ trusted: false })
  })
})

describe('an entry that reaches the cluster of another one, which a human knows', () => {
  it('counts for nothing', () => {
    const twin = {
      ...edge,
      sameAs: 'local',
      notSynced: 'not watched',
      coveredMs: undefined,
      barrier: undefined,
    }
    expect(verdictOf([local, twin], [])).toMatchObject({
      ...{ synced: true, trusted: true, coveredMs: 20, barrier: moment(200) },
    })
  })
})

describe('barrier and coverage', () => {
  it('S03: the barrier is the earliest of all clusters, in any order', () => {
    expect(verdictOf([edge, local], []).barrier).toEqual(moment(100))
    expect(verdictOf([local, edge], []).barrier).toEqual(moment(100))
  })

  it('S03: there is no barrier while one cluster has none', () => {
    for (const list of [
      [{ ...edge, barrier: undefined }, local],
      [local, { ...edge, barrier: undefined }],
    ]) {
      expect(verdictOf(list, []).barrier).toBeUndefined()
    }
  })

  it('S02: coverage is the shortest of all clusters, and unknown while it is of one', () => {
    expect(verdictOf([local, edge], []).coveredMs).toBe(10)
    expect(verdictOf([local, { ...edge, coveredMs: undefined }], []).coveredMs).toBeUndefined()
  })

  it('are unknown where no cluster counts', () => {
    expect(verdictOf([], [])).toMatchObject({ coveredMs: undefined, barrier: undefined })
  })
})
