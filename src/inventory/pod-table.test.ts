import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aggregate, type UsageRow } from '#inventory/aggregate.ts'
import { type ImageUses, imageUses } from '#inventory/image-uses.ts'
import type { PodRow } from '#inventory/pod-row.ts'
import { PodTable, type Replacement } from '#inventory/pod-table.ts'
import { usageOf } from '#inventory/usage.ts'

const IMAGES = ['nginx', 'nginx:1', 'r.example.com/a/b:1', 'Not A Reference', 'web', 'shop', '']
const EMPTY = { pods: 0, usages: 0, images: 0, digests: 0, texts: 0, textBytes: 0 }

const digest = fc.nat({ max: 3 }).map((i) => `sha256:${String(i).repeat(64)}`)
const container = fc.record({
  image: fc.constantFrom(...IMAGES),
  imageID: fc.oneof(
    fc.constantFrom('', 'odd'),
    digest,
    digest.map((sha) => `repo@${sha}`),
  ),
  pullPolicy: fc.constantFrom('Always', 'Never'),
  waitingReason: fc.constantFrom('', 'ImagePullBackOff', 'CrashLoopBackOff'),
})
/** Twelve uids over four names: names come back under new uids, uids come back with other content. */
const pod: fc.Arbitrary<PodRow> = fc
  .record({
    id: fc.nat({ max: 11 }),
    namespace: fc.constantFrom('shop', 'web'),
    owner: fc.option(
      fc.constantFrom({ kind: 'ReplicaSet', name: 'web-7d4b9c8f6d' }, { kind: 'Job', name: 'x' }),
      {
        nil: undefined,
      },
    ),
    hasPullSecrets: fc.boolean(),
    containers: fc.array(container, { maxLength: 3 }),
    volumeImages: fc.array(fc.constantFrom(...IMAGES), { maxLength: 1 }),
  })
  .map(({ id, ...rest }) => ({
    ...rest,
    uid: id === 11 ? '' : `0000000${id.toString(16)}-0000-4000-8000-000000000000`,
    name: `web-7d4b9c8f6d-${id % 4}`,
  }))

type Step =
  | { readonly do: 'upsert' | 'remove' | 'add'; readonly pod: PodRow }
  | { readonly do: 'begin' | 'commit' | 'abort' | 'read' }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('upsert' as const), pod }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), pod }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), pod }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('begin' as const, 'commit', 'abort', 'read') }) },
)

/** What a table does, in the plainest words. */
class Oracle {
  readonly pods = new Map<string, PodRow>()
  seen: Set<string> | undefined

  apply(todo: Step): void {
    if ('pod' in todo) this.#applyPod(todo.do, todo.pod)
    else if (todo.do === 'begin') this.seen = new Set()
    else if (todo.do === 'abort') this.seen = undefined
    else if (todo.do === 'commit') {
      const { seen } = this
      this.seen = undefined
      if (seen !== undefined)
        for (const key of [...this.pods.keys()]) if (!seen.has(key)) this.pods.delete(key)
    }
  }

  #applyPod(what: 'upsert' | 'remove' | 'add', changed: PodRow): void {
    const key = changed.uid || `${changed.namespace}/${changed.name}`
    if (what === 'remove') {
      this.pods.delete(key)
      this.seen?.delete(key)
    } else if (what === 'upsert' || this.seen !== undefined) {
      this.pods.set(key, changed)
      this.seen?.add(key)
    }
  }

  rows(): UsageRow[] {
    return [...this.pods.values()].map((held) => ({ cluster: 'here', pods: 1, ...usageOf(held) }))
  }
}

/** @returns the replacement that is open after it */
function applyTo(table: PodTable, todo: Step, open: Replacement | undefined): Replacement | undefined {
  if ('pod' in todo) {
    if (todo.do === 'upsert') table.upsert(todo.pod)
    else if (todo.do === 'remove') table.remove(todo.pod)
    else open?.add(todo.pod)
  } else if (todo.do === 'begin') return table.beginReplace()
  else if (todo.do === 'commit') open?.commit()
  else if (todo.do === 'abort') open?.abort()
  return open
}

describe('PodTable', () => {
  it('says what a plain map of pods says, after any sequence of calls', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const table = new PodTable()
        const oracle = new Oracle()
        const clusters = [{ name: 'here', table }]
        let open: Replacement | undefined
        let uses: ImageUses | undefined
        for (const todo of steps) {
          const before = { version: table.version, uses: aggregate(table.usages('here')) }
          open = applyTo(table, todo, open)
          oracle.apply(todo)
          const expected = aggregate(oracle.rows())
          expect(aggregate(table.usages('here'))).toEqual(expected)
          expect(table.size).toBe(oracle.pods.size)
          const inUse = new Set(expected.map(({ image }) => image))
          for (const image of IMAGES) expect(table.has(image)).toBe(inUse.has(image))
          if (table.version === before.version) expect(expected).toEqual(before.uses)
          // Read now and then, so that images change, go and come back between two readings.
          if (todo.do === 'read') {
            uses = imageUses(clusters, uses)
            expect(uses.images).toEqual(expected)
          }
        }
        for (const image of IMAGES) {
          const named = [...oracle.pods.values()].filter((held) =>
            usageOf(held).containers.some((use) => use.image === image),
          )
          const names = named.map(({ namespace, name }) => `${namespace}/${name}`)
          const found = table.podsUsing(image, 100).map(({ namespace, name }) => `${namespace}/${name}`)
          expect(found.sort()).toEqual(names.sort())
        }
        for (const held of [...oracle.pods.values()]) table.remove(held)
        expect(table.counters).toEqual(EMPTY)
      }),
      { numRuns: 60 },
    )
  })

  const app = (i: number): PodRow => ({
    uid: `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`,
    namespace: 'shop',
    name: `app-${i}`,
    hasPullSecrets: false,
    containers: [{ image: `app:${i}`, imageID: '', pullPolicy: '', waitingReason: '' }],
    volumeImages: [],
  })

  it('keeps an image in use through a list that breaks off, and drops it with one that is complete', () => {
    const table = new PodTable()
    table.upsert(app(1))
    const broken = table.beginReplace()
    broken.add(app(2))
    broken.abort()
    expect(table.has('app:1')).toBe(true)
    const complete = table.beginReplace()
    complete.add(app(2))
    expect(table.has('app:1')).toBe(true)
    complete.commit()
    expect(table.has('app:1')).toBe(false)
    expect(table.has('app:2')).toBe(true)
  })

  it('ignores a list that was overtaken by a later one', () => {
    const table = new PodTable()
    table.upsert(app(1))
    const stale = table.beginReplace()
    const open = table.beginReplace()
    stale.commit()
    expect(table.has('app:1')).toBe(true)
    open.add(app(1))
    open.commit()
    stale.add(app(2))
    expect(table.size).toBe(1)
    expect(table.has('app:2')).toBe(false)
  })

  it('does not change its version for an event that says nothing new', () => {
    const table = new PodTable()
    table.upsert(app(1))
    const { version } = table
    table.upsert(app(1))
    table.remove(app(2))
    const relist = table.beginReplace()
    relist.add(app(1))
    relist.commit()
    expect(table.version).toBe(version)
  })

  it('is back at nothing after pods of ever new images came and went', () => {
    const table = new PodTable()
    for (let i = 0; i < 20_000; i++) {
      table.upsert(app(i))
      if (i >= 50) table.remove(app(i - 50))
    }
    expect(table.counters).toMatchObject({ pods: 50, usages: 50, images: 50 })
    for (let i = 19_950; i < 20_000; i++) table.remove(app(i))
    expect(table.counters).toEqual(EMPTY)
  })
})
