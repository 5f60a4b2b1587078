import { describe, expect, it } from 'vitest'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import type { UsingObject } from '#inventory/using-object.ts'

const MINUTE = 60_000

function tableOf() {
  const uses = new ClusterUses()
  return { uses, table: uses.table('pods') }
}

const app = (i: number, more: Partial<UsingObject> = {}): UsingObject => ({
  uid: `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`,
  namespace: 'shop',
  name: `app-${i}`,
  kind: 'Pod',
  use: 'pod',
  hasPullSecrets: false,
  images: [{ image: `app:${i}`, running: undefined, neverPull: false, pullFailing: false }],
  ...more,
})
const held = (uses: ClusterUses, i: number) => [...uses.objectsUsing('here', { images: [`app:${i}`] })]

describe('a list of a UsageTable', () => {
  it('keeps an image in use when it breaks off, and drops it when it is complete', () => {
    const { uses, table } = tableOf()
    table.upsert(app(1))
    const broken = table.beginReplace()
    broken.add(app(2))
    broken.abort()
    expect(uses.has('app:1')).toBe(true)
    const complete = table.beginReplace()
    complete.add(app(2))
    expect(uses.has('app:1')).toBe(true)
    complete.commit()
    expect(uses.has('app:1')).toBe(false)
    expect(uses.has('app:2')).toBe(true)
  })

  it('is ignored when it was overtaken by a later one', () => {
    const { uses, table } = tableOf()
    table.upsert(app(1))
    const stale = table.beginReplace()
    const open = table.beginReplace()
    stale.commit()
    expect(uses.has('app:1')).toBe(true)
    open.add(app(1))
    open.commit()
    stale.add(app(2))
    expect(table.size).toBe(1)
    expect(uses.has('app:2')).toBe(false)
  })

  it('drops nothing of other sources', () => {
    const { uses, table } = tableOf()
    uses.table('deployments').upsert(app(1, { kind: 'Deployment', use: 'template' }))
    table.upsert(app(1))
    table.beginReplace().commit()
    expect(table.size).toBe(0)
    expect(uses.has('app:1')).toBe(true)
  })

  it('does not change the version where it says nothing new', () => {
    const { table } = tableOf()
    table.upsert(app(1))
    const { version } = table
    table.upsert(app(1, { node: 'node-1', phase: 'Running' }))
    table.remove(app(2))
    const relist = table.beginReplace()
    relist.add(app(1))
    relist.commit()
    expect(table.version).toBe(version)
  })
})

describe('a pod in a UsageTable', () => {
  it('has a name, a node, a phase and a finish of its own', () => {
    const { uses, table } = tableOf()
    const owner = { kind: 'StatefulSet', name: 'app' }
    const finishedAt = Date.UTC(2026, 0, 31, 23, 59, 59)
    table.upsert(app(1, { owner, node: 'node-1', phase: 'Running' }))
    table.upsert(app(2, { owner, node: 'node-2', phase: 'Succeeded', finishedAt }))
    table.upsert(app(3, { name: 'other-name', owner, phase: 'Brooding' }))
    expect(held(uses, 1)).toMatchObject([{ name: 'app-1', node: 'node-1', phase: 'Running' }])
    expect(held(uses, 2)).toMatchObject([
      { node: 'node-2', phase: 'Succeeded', finishedAt: finishedAt + 1_000 },
    ])
    expect(held(uses, 3)).toMatchObject([{ name: 'other-name', node: '', phase: 'Unknown' }])
    table.upsert(app(1, { owner, node: 'node-2', phase: 'Failed' }))
    table.remove(app(2))
    expect(held(uses, 1)).toMatchObject([{ node: 'node-2', phase: 'Failed', finishedAt: undefined }])
    expect(held(uses, 3)).toMatchObject([{ name: 'other-name', node: '' }])
  })

  it('goes once it finished before a time, and no sooner (S02)', () => {
    const { uses, table } = tableOf()
    table.upsert(app(1, { finishedAt: 10 * MINUTE + 1 }))
    table.upsert(app(2, { finishedAt: 20 * MINUTE }))
    table.upsert(app(3))
    expect(table.expireFinished(11 * MINUTE)).toBe(0)
    expect(table.expireFinished(11 * MINUTE + 1)).toBe(1)
    expect(uses.has('app:1')).toBe(false)
    expect(table.expireFinished(Number.MAX_SAFE_INTEGER)).toBe(1)
    expect(uses.has('app:3')).toBe(true)
    expect(uses.pods).toBe(1)
  })

  it('whose finish cannot be stored still counts as finished', () => {
    const { uses, table } = tableOf()
    for (const [i, finishedAt] of [0, -1, 1e18].entries()) table.upsert(app(i, { finishedAt }))
    expect(uses.lastFinishes().size).toBe(3)
    table.remove(app(2))
    expect(table.expireFinished(2 * MINUTE)).toBe(2)
  })
})
