import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aggregate, type UsageRow } from '#inventory/aggregate.ts'
import { ClusterUses } from '#inventory/cluster-uses.ts'
import { type ImageUses, imageUses, imageUsesInSteps } from '#inventory/image-uses.ts'
import { guessedWorkload, type Owner, ownerOf } from '#inventory/owner.ts'
import { usageOf } from '#inventory/usage.ts'
import type { Replacement } from '#inventory/usage-table.ts'
import type { UsingObject } from '#inventory/using-object.ts'
import { whoUses } from '#inventory/who-uses.ts'

const IMAGES = ['nginx', 'nginx:1', 'r.example.com/a/b:1', 'Not A Reference', 'web', 'shop', '']
const EMPTY = { objects: 0, pods: 0, usages: 0, images: 0, digests: 0, owners: 0, texts: 0, textBytes: 0 }
const MINUTE = 60_000
const REPLICA_SET = { kind: 'ReplicaSet', name: 'web-7d4b9c8f6d' }
const JOB = { kind: 'Job', name: 'run-29384720' }

const digest = fc.nat({ max: 3 }).map((i) => `sha256:${String(i).repeat(64)}`)
const containers = fc.array(
  fc.record({
    image: fc.constantFrom(...IMAGES),
    running: fc.option(fc.record({ kind: fc.constantFrom('manifest' as const, 'config'), digest }), {
      nil: undefined,
    }),
    neverPull: fc.boolean(),
    pullFailing: fc.boolean(),
  }),
  { maxLength: 3 },
)
const common = {
  namespace: fc.constantFrom('shop', 'web'),
  hasPullSecrets: fc.boolean(),
  images: containers,
}
const uidOf = (id: number) => `0000000${id.toString(16)}-0000-4000-8000-000000000000`
const maybe = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })

/** Twelve uids over four names: names come back under new uids, uids come back with other content. */
const pod: fc.Arbitrary<UsingObject> = fc
  .record({
    ...common,
    id: fc.nat({ max: 11 }),
    owner: maybe<Owner>(REPLICA_SET, JOB, { kind: 'StatefulSet', name: 'db' }, { kind: 'Node', name: 'n' }),
    node: fc.constantFrom('', 'node-1', 'node-2'),
    phase: fc.constantFrom('Pending', 'Running', 'Odd'),
    finishedAt: maybe(...[1, 2, 3].map((minute) => minute * MINUTE)),
  })
  .map(({ id, ...rest }) => ({
    ...rest,
    uid: id === 11 ? '' : uidOf(id),
    name: `web-7d4b9c8f6d-${id % 4}`,
    kind: 'Pod',
    use: 'pod',
  }))
/** Owners that say what the name says, and owners that do not. One uid has one name, as in one watch. */
const replicaSet: fc.Arbitrary<UsingObject> = fc
  .record({
    ...common,
    id: fc.nat({ max: 2 }),
    use: fc.constantFrom('template' as const, 'history'),
    owner: maybe<Owner>({ kind: 'Deployment', name: 'web' }, { kind: 'Rollout', name: 'web' }),
  })
  .map(({ id, ...rest }) => ({
    ...rest,
    uid: uidOf(id),
    name: id === 0 ? REPLICA_SET.name : `web-${id}`,
    kind: 'ReplicaSet',
  }))
const job: fc.Arbitrary<UsingObject> = fc
  .record({
    ...common,
    owner: maybe<Owner>({ kind: 'CronJob', name: 'run' }, { kind: 'JobSet', name: 'runs' }),
  })
  .map((rest) => ({ ...rest, uid: uidOf(0), name: JOB.name, kind: 'Job', use: 'template' }))
const node: fc.Arbitrary<UsingObject> = fc
  .record({ images: containers, id: fc.nat({ max: 2 }) })
  .map(({ id, images }) => ({
    uid: uidOf(id),
    namespace: '',
    name: `node-${id}`,
    kind: 'Node',
    use: 'node',
    hasPullSecrets: false,
    images,
  }))

const SOURCES = ['pods', 'replicasets', 'jobs', 'nodes'] as const
type Source = (typeof SOURCES)[number]
type Step =
  | { readonly do: 'upsert' | 'remove' | 'add'; readonly source: Source; readonly object: UsingObject }
  | { readonly do: 'begin' | 'commit' | 'abort' | 'drop'; readonly source: Source }
  | { readonly do: 'read' | 'take' }
  | { readonly do: 'expire'; readonly minute: number }

const told: fc.Arbitrary<{ source: Source; object: UsingObject }> = fc.oneof(
  { weight: 3, arbitrary: pod.map((object) => ({ source: 'pods' as const, object })) },
  { weight: 2, arbitrary: replicaSet.map((object) => ({ source: 'replicasets' as const, object })) },
  { weight: 1, arbitrary: job.map((object) => ({ source: 'jobs' as const, object })) },
  { weight: 1, arbitrary: node.map((object) => ({ source: 'nodes' as const, object })) },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.constantFrom('upsert' as const, 'upsert', 'remove', 'add'), told)
      .map(([what, rest]) => ({ do: what, ...rest })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('begin' as const, 'begin', 'commit', 'abort'),
      source: fc.constantFrom(...SOURCES),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('read' as const, 'take') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), minute: fc.nat({ max: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('drop' as const), source: fc.constantFrom(...SOURCES) }),
  },
)

/** What a cluster's uses do, in the plainest words. */
class Oracle {
  readonly tables = new Map<Source, { held: Map<string, UsingObject>; seen?: Set<string> | undefined }>()
  readonly appeared = new Map<string, Set<string>>()

  get objects(): UsingObject[] {
    return [...this.tables.values()].flatMap(({ held }) => [...held.values()])
  }

  table(source: Source) {
    const table = this.tables.get(source) ?? { held: new Map<string, UsingObject>(), seen: undefined }
    this.tables.set(source, table)
    return table
  }

  apply(todo: Step): void {
    if ('object' in todo) this.#tell(todo.do, todo.source, todo.object)
    else if (todo.do === 'drop') this.tables.delete(todo.source)
    else if (todo.do === 'begin') this.table(todo.source).seen = new Set()
    else if (todo.do === 'abort') this.table(todo.source).seen = undefined
    else if (todo.do === 'commit') {
      const table = this.table(todo.source)
      const { seen } = table
      table.seen = undefined
      if (seen === undefined) return
      for (const key of [...table.held.keys()]) if (!seen.has(key)) table.held.delete(key)
    } else if (todo.do === 'expire') {
      for (const { held, seen } of this.tables.values()) {
        for (const [key, { finishedAt = Number.POSITIVE_INFINITY }] of [...held]) {
          if (finishedAt >= todo.minute * MINUTE) continue
          held.delete(key)
          seen?.delete(key)
        }
      }
    }
  }

  #tell(what: 'upsert' | 'remove' | 'add', source: Source, object: UsingObject): void {
    const key = object.uid || `${object.namespace}/${object.name}`
    const { held, seen } = this.table(source)
    if (what === 'remove') {
      held.delete(key)
      seen?.delete(key)
    } else if (what === 'upsert' || seen !== undefined) {
      this.#appear(object)
      held.set(key, object)
      seen?.add(key)
    }
  }

  #appear(object: UsingObject): void {
    const usage = JSON.stringify(usageOf(object))
    if (this.objects.some((held) => JSON.stringify(usageOf(held)) === usage)) return
    for (const { image, running } of usageOf(object).containers) {
      const digests = this.appeared.get(image) ?? new Set()
      this.appeared.set(image, digests)
      if (running !== undefined) digests.add(running.digest)
    }
  }

  rows(): UsageRow[] {
    return this.objects.map((object) => {
      const { owner, ...usage } = usageOf(object)
      return { ...usage, cluster: 'here', count: 1, workload: this.#workload(owner, object.namespace) }
    })
  }

  #workload(owner: Owner, namespace: string): Owner {
    const known = this.objects.find(
      (object) =>
        object.kind !== 'Pod' &&
        object.kind === owner.kind &&
        object.name === owner.name &&
        object.namespace === namespace,
    )
    return known === undefined ? guessedWorkload(owner) : ownerOf(known)
  }

  lastFinishes(): Map<string, number> {
    const latest = new Map<string, number>()
    const isUsedElse = (image: string) =>
      this.objects.some((object) => object.finishedAt === undefined && names(object, image))
    for (const object of this.objects) {
      for (const { image } of usageOf(object).containers) {
        if (!isUsedElse(image)) latest.set(image, Math.max(latest.get(image) ?? 0, object.finishedAt ?? 0))
      }
    }
    return latest
  }
}

function names(object: UsingObject, image: string): boolean {
  return usageOf(object).containers.some((use) => use.image === image)
}

/** The replacements that are open in a cluster. */
type Open = Map<Source, Replacement>

function applyTo(uses: ClusterUses, todo: Step, open: Open): void {
  if ('object' in todo) {
    const table = uses.table(todo.source)
    if (todo.do === 'upsert') table.upsert(todo.object)
    else if (todo.do === 'remove') table.remove(todo.object)
    else open.get(todo.source)?.add(todo.object)
  } else if (todo.do === 'begin') open.set(todo.source, uses.table(todo.source).beginReplace())
  else if (todo.do === 'commit') open.get(todo.source)?.commit()
  else if (todo.do === 'abort') open.get(todo.source)?.abort()
  else if (todo.do === 'drop') uses.drop(todo.source)
  else if (todo.do === 'expire') {
    for (const source of SOURCES) uses.table(source).expireFinished(todo.minute * MINUTE)
  }
}

const steps = fc.array(step, { maxLength: 80, size: 'max' })

describe('ClusterUses', () => {
  it('says what plain maps of objects say, after any sequence of calls', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const uses = new ClusterUses()
        const oracle = new Oracle()
        const clusters = [{ name: 'here', uses }]
        const open: Open = new Map()
        let before: ImageUses | undefined
        for (const todo of all) {
          const earlier = { version: uses.version, images: aggregate(uses.usages('here')) }
          applyTo(uses, todo, open)
          oracle.apply(todo)
          const expected = aggregate(oracle.rows())
          expect(aggregate(uses.usages('here'))).toEqual(expected)
          if (uses.version === earlier.version) expect(expected).toEqual(earlier.images)
          expect(uses.counters.objects).toBe(oracle.objects.length)
          expect(uses.pods).toBe(oracle.objects.filter(({ use }) => use === 'pod').length)
          expect(uses.images).toBe(expected.length)
          const inUse = new Set(expected.map(({ image }) => image))
          for (const image of IMAGES) expect(uses.has(image)).toBe(inUse.has(image))
          // Read now and then, so that images change, go and come back between two readings.
          if (todo.do === 'read') {
            before = imageUses(clusters, before)
            expect(before.images).toEqual(expected)
          } else if (todo.do === 'take') {
            const taken = uses.takeSeen()
            const digests = taken.map(({ image, digests, configs }): [string, Set<string>] => [
              image,
              new Set([...digests, ...configs]),
            ])
            expect(new Map(digests)).toEqual(oracle.appeared)
            expect(digests.length).toBe(oracle.appeared.size)
            oracle.appeared.clear()
          }
        }
        expect(uses.lastFinishes()).toEqual(oracle.lastFinishes())
        expect(
          uses
            .seenNow()
            .map(({ image }) => image)
            .sort(),
        ).toEqual(aggregate(oracle.rows()).map(({ image }) => image))
        for (const image of IMAGES) {
          const using = oracle.objects.filter((object) => names(object, image))
          const pods = using.filter(({ use }) => use === 'pod')
          const [found] = whoUses(clusters, { images: [image] }, 100)
          expect(found?.nodes ?? []).toEqual(
            using
              .filter(({ use }) => use === 'node')
              .map(({ name }) => name)
              .sort(),
          )
          expect(found?.workloads.reduce((sum, { objectCount }) => sum + objectCount, 0) ?? 0).toBe(
            using.filter(({ use }) => use !== 'node').length,
          )
          expect(
            found?.workloads.flatMap((workload) => workload.pods.map(({ name }) => name)).sort() ?? [],
          ).toEqual(pods.map(({ name }) => name).sort())
        }
        for (const source of SOURCES) uses.drop(source)
        expect(uses.counters).toEqual(EMPTY)
        expect(uses.lastFinishes().size).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  it('says in steps what it says at once, whatever changes between them', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (all, size) => {
        const uses = new ClusterUses()
        const clusters = [{ name: 'here', uses }]
        const open: Open = new Map()
        let before: ImageUses | undefined
        let walk = imageUsesInSteps(clusters, before, size)
        for (const todo of all) {
          applyTo(uses, todo, open)
          const next = walk.next()
          if (next.done !== true) continue
          before = next.value
          expect(before.images).toEqual(imageUses(clusters).images)
          walk = imageUsesInSteps(clusters, before, size)
        }
      }),
      { numRuns: 300 },
    )
  })

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

  it('is back at nothing after pods of ever new images came and went', () => {
    const uses = new ClusterUses()
    const table = uses.table('pods')
    for (let i = 0; i < 20_000; i++) {
      table.upsert(app(i, { node: `node-${i}` }))
      if (i >= 50) table.remove(app(i - 50))
    }
    expect(uses.counters).toMatchObject({ pods: 50, usages: 50, images: 50, texts: 53 + 50 })
    for (let i = 19_950; i < 20_000; i++) table.remove(app(i))
    expect(uses.counters).toEqual(EMPTY)
  })

  it('takes nothing in for a source that was dropped', () => {
    const uses = new ClusterUses()
    const old = uses.table('pods')
    const open = old.beginReplace()
    uses.drop('pods')
    old.upsert(app(1))
    open.add(app(2))
    open.commit()
    expect(uses.counters).toEqual(EMPTY)
    uses.table('pods').upsert(app(3))
    expect(uses.images).toBe(1)
    uses.clear()
    expect(uses.counters).toEqual(EMPTY)
  })

  it('tells of an image that appeared and is gone again, once', () => {
    const uses = new ClusterUses()
    const running = { kind: 'manifest' as const, digest: `sha256:${'a'.repeat(64)}` }
    const config = { kind: 'config' as const, digest: `sha256:${'b'.repeat(64)}` }
    const use = { image: 'app:1', neverPull: false, pullFailing: false }
    const pods = uses.table('pods')
    pods.upsert(app(1, { images: [{ ...use, running: undefined }] }))
    pods.upsert(app(1, { images: [{ ...use, running }] }))
    pods.remove(app(1))
    pods.upsert(app(2, { images: [{ ...use, running: config }] }))
    expect(uses.takeSeen()).toEqual([
      {
        image: 'app:1',
        digests: [running.digest],
        configs: [config.digest],
        users: ['shop/Pod/app-1', 'shop/Pod/app-2'],
      },
    ])
    expect(uses.takeSeen()).toEqual([])
    pods.upsert(app(2, { images: [{ ...use, running: config }] }))
    expect(uses.takeSeen()).toEqual([])
  })

  it('S02: tells in parts of what appeared, at once of what is gone again, and of everything in the end', () => {
    const uses = new ClusterUses()
    const pods = uses.table('pods')
    for (let i = 0; i < 10; i++) pods.upsert(app(i))
    expect(uses.unseen).toBe(10)
    const first = uses.takeSeen(4).map(({ image }) => image)
    expect(first).toHaveLength(4)
    for (let i = 0; i < 10; i += 2) pods.remove(app(i))
    for (let i = 10; i < 13; i++) pods.upsert(app(i))
    const gone = [0, 2, 4, 6, 8].map((i) => `app:${i}`)
    const second = uses.takeSeen(4).map(({ image }) => image)
    expect(new Set([...first, ...second])).toEqual(new Set([...first, ...second, ...gone]))
    const rest = [uses.takeSeen(4), uses.takeSeen(4), uses.takeSeen(4)].flat().map(({ image }) => image)
    expect(uses.unseen).toBe(0)
    const all = [...first, ...second, ...rest]
    expect(all.sort()).toEqual(Array.from({ length: 13 }, (_, i) => `app:${i}`).sort())
  })

  it('names three users of what appeared at most, the strongest', () => {
    const uses = new ClusterUses()
    const image = app(0).images
    for (let i = 0; i < 9; i++)
      uses.table('nodes').upsert(app(i, { use: 'node', kind: 'Node', images: image }))
    for (let i = 0; i < 2; i++) uses.table('pods').upsert(app(i, { images: image }))
    expect(uses.takeSeen()).toMatchObject([
      { users: ['shop/Pod/app-0', 'shop/Pod/app-1', 'shop/Node/app-0'] },
    ])
  })

  it('dates what only finished pods use at the last finish (S02)', () => {
    const uses = new ClusterUses()
    const pods = uses.table('pods')
    const image = app(0).images
    pods.upsert(app(1, { images: image, finishedAt: 3 * MINUTE }))
    pods.upsert(app(2, { images: image, finishedAt: 7 * MINUTE - 1 }))
    expect(uses.takeSeen()).toMatchObject([{ image: 'app:0', finishedAt: 7 * MINUTE }])
    expect(uses.seenNow()).toMatchObject([{ image: 'app:0', finishedAt: 7 * MINUTE }])
    // A pod that ran for a moment was in use then, whatever finished long before.
    pods.upsert(app(3, { images: image }))
    pods.remove(app(3))
    expect(uses.takeSeen()).toMatchObject([{ finishedAt: undefined }])
    uses.table('nodes').upsert(app(4, { images: image, use: 'node', kind: 'Node' }))
    expect(uses.seenNow()).toMatchObject([{ finishedAt: undefined }])
  })

  it('has every image in one of the parts of what is seen now', () => {
    const uses = new ClusterUses()
    for (let i = 0; i < 10; i++) uses.table('pods').upsert(app(i))
    const parts = [0, 1, 2].map((part) => uses.seenNow(part, 3).map(({ image }) => image))
    expect(parts.map(({ length }) => length).sort()).toEqual([3, 3, 4])
    expect(parts.flat().sort()).toEqual(Array.from({ length: 10 }, (_, i) => `app:${i}`))
  })
})

describe('the objects that use an image, in batches', () => {
  const plain = (id: number, image: string): UsingObject => ({
    ...{
      uid: `pod-${id}`,
      namespace: 'shop',
      name: `pod-${id}`,
      kind: 'Pod',
      use: 'pod',
      hasPullSecrets: false,
    },
    images: [{ image, running: undefined, neverPull: false, pullFailing: false }],
  })
  const id = fc.nat({ max: 15 })
  const change = fc.oneof(
    fc.record({ id, remove: fc.constant(true) }),
    fc.record({ id, remove: fc.constant(false), image: fc.constantFrom('web', 'nginx', 'other') }),
  )

  it('has each that is there all the time, and says of each what holds then, whatever changes between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('web', 'nginx'), { minLength: 16, maxLength: 16 }),
        fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 5 }),
        (images, changes, size) => {
          const uses = new ClusterUses()
          const table = uses.table('pods')
          const held = new Map<string, string>()
          const put = (each: number, image: string) => {
            table.upsert(plain(each, image))
            held.set(`pod-${each}`, image)
          }
          for (const [each, image] of images.entries()) put(each, image)
          const constant = new Set([...held].filter(([, image]) => image === 'web').map(([name]) => name))
          const met = new Set<string>()
          let turn = 0
          for (const batch of uses.objectBatches('here', { images: ['web'] }, size)) {
            for (const { name, row } of batch) {
              expect(row.containers.map(({ image }) => image)).toEqual(['web'])
              expect(held.get(name)).toBe('web')
              met.add(name)
            }
            for (const each of changes[turn] ?? []) {
              constant.delete(`pod-${each.id}`)
              if (!each.remove && 'image' in each) put(each.id, each.image)
              else {
                table.remove(plain(each.id, ''))
                held.delete(`pod-${each.id}`)
              }
            }
            turn += 1
          }
          for (const name of constant) expect(met).toContain(name)
        },
      ),
    )
  })
})
