import fc from 'fast-check'
import type { ClusterPolicy } from '#inventory/cluster-policy.ts'
import type { InventoryPolicy } from '#inventory/inventory.ts'
import { Oracle } from './oracle.ts'
import { type Clocks, ModelProcess } from './process.ts'
import { Storage } from './storage.ts'
import { newSite, type Site, WorldCluster } from './world.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const RETAIN = 3 * DAY
const FLOOR = 2
const IMAGES = 12

/** How often each operation is drawn. */
const WEIGHTS = {
  create: 12,
  remove: 5,
  finish: 3,
  roll: 3,
  moment: 6,
  minutes: 6,
  hours: 4,
  days: 4,
  cut: 2,
  mend: 5,
  'half-open watch': 2,
  'rotated Secret': 1,
  'rebuilt cluster': 1,
  'filtering proxy': 1,
  'right taken away': 1,
  relist: 1,
  'broken list': 2,
  kill: 3,
  'kill while writing': 2,
  'graceful restart': 2,
  'lost lease': 1,
  'deleted ledger': 1,
  'inventory applied again': 1,
  'clock jump': 2,
  'clock differs': 1,
  'entry removed': 1,
  'entry added': 2,
  'second entry for the same cluster': 1,
  'unreadable pins': 1,
  accept: 4,
  release: 1,
  barrier: 8,
} as const

export type OperationName = keyof typeof WEIGHTS
export const FAULTS: readonly OperationName[] = [
  ...(['cut', 'half-open watch', 'rotated Secret', 'rebuilt cluster', 'filtering proxy'] as const),
  ...([
    'right taken away',
    'relist',
    'broken list',
    'kill',
    'kill while writing',
    'graceful restart',
  ] as const),
  ...(['lost lease', 'deleted ledger', 'inventory applied again', 'clock jump', 'clock differs'] as const),
  ...(['entry removed', 'second entry for the same cluster', 'unreadable pins', 'release'] as const),
]

export interface Operation {
  readonly name: OperationName
  readonly a: number
  readonly b: number
}

const names = Object.entries(WEIGHTS).flatMap(([name, weight]) => Array<string>(weight).fill(name))

export const operations: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.record({
    name: fc.constantFrom(...names) as fc.Arbitrary<OperationName>,
    a: fc.nat(1_000),
    b: fc.nat(1_000),
  }),
  { minLength: 20, maxLength: 40, size: 'max' },
)

/** Plays one history from the beginning. @returns the oracle that watched it */
export function play(history: readonly Operation[]): Oracle {
  const run = new History()
  for (const operation of history) {
    run.do(operation)
    run.look(operation.name)
  }
  run.end()
  return run.oracle
}

class History {
  readonly oracle: Oracle
  readonly #clocks: Clocks = { now: 0, wallAheadMs: 0 }
  readonly #storage = new Storage()
  readonly #sites: Site[]
  #policies: ClusterPolicy[]
  #release: string[] = []
  #process: ModelProcess
  #count = 0

  constructor() {
    this.oracle = new Oracle(this.#clocks, RETAIN)
    this.#sites = [newSite('one', new WorldCluster('id-1')), newSite('two', new WorldCluster('id-2'))]
    this.#policies = this.#sites.map(({ name }) => policyOf(name))
    this.oracle.sitesAre(this.#sites, FLOOR)
    for (const site of this.#sites) for (let i = 0; i < 4; i += 1) this.#create(site, i, i)
    this.#process = this.#begin()
    this.#pass(MINUTE)
  }

  look(when: string): void {
    this.oracle.look(this.#process.snapshot(), when)
  }

  /** Everything is mended and accepted, so that each history is held against the truth at least once. */
  end(): void {
    for (const site of this.#sites) this.#mend(site)
    for (let round = 0; round < 3; round += 1) {
      this.#accept()
      this.#pass(2 * MINUTE)
    }
    for (const site of this.#active()) this.#process.barrier(site)
    this.look('the end')
  }

  do({ name, a, b }: Operation): void {
    const active = this.#active()
    const site = active[a % Math.max(1, active.length)] ?? this.#sites[0]
    if (site === undefined) return
    this.oracle.reached.add(`fault: ${name}`)
    switch (name) {
      case 'create':
        this.#create(site, a, b)
        break
      case 'remove':
        this.#withObject(site, b, (uid) => site.target.remove(uid))
        break
      case 'finish':
        this.#withObject(site, b, (uid) => site.target.finish(uid, this.#clocks.now))
        break
      case 'roll':
        // A tag is moved: the same image runs another digest.
        this.#withObject(site, b, (uid, image) => {
          site.target.remove(uid)
          this.#create(site, image, b)
        })
        break
      case 'moment':
        this.#pass(((a % 9) + 1) * SECOND)
        break
      case 'minutes':
        this.#pass(((a % 25) + 1) * MINUTE)
        break
      case 'hours':
        this.#pass(((a % 20) + 1) * HOUR)
        break
      case 'days':
        this.#pass(((a % 4) + 1) * DAY)
        break
      case 'cut':
        site.network = 'cut'
        break
      case 'mend':
        this.#mend(site)
        break
      case 'half-open watch':
        site.halfOpenSince ??= this.#clocks.now
        break
      case 'rotated Secret':
        site.target = this.#anotherCluster(b)
        this.#process.relink(site)
        this.oracle.unseenAll()
        break
      case 'rebuilt cluster':
        site.target = this.#anotherCluster(b)
        break
      case 'filtering proxy':
        // Less than half of what there is: what the guard lets through must be held all the same.
        site.hides = ({ image }) => Number(image.replace(/\D/g, '')) % 4 === b % 4
        this.#process.relist(site)
        break
      case 'right taken away':
        site.forbidden = true
        break
      case 'relist':
        this.#process.relist(site)
        break
      case 'broken list':
        this.#process.breakList(site)
        break
      case 'kill':
        this.#restart()
        break
      case 'kill while writing':
        this.#pass(6 * SECOND)
        this.#process.save('entries', a % 4)
        this.#restart()
        break
      case 'graceful restart':
        this.#process.save('entries')
        this.#restart()
        break
      case 'lost lease':
        this.#process.unload()
        this.look('while another process leads')
        this.#pass((a % 60) * SECOND)
        this.#process.load(this.#sites)
        this.oracle.delayed((a % 60) * SECOND)
        break
      case 'deleted ledger':
        this.oracle.tampered()
        if (b % 2 === 0) this.#storage.head = undefined
        else this.#storage.shards.delete([...this.#storage.shards.keys()][b % 2] ?? '')
        break
      case 'inventory applied again':
        this.#process.save('entries')
        this.#restart((a % 30) * MINUTE)
        break
      case 'clock jump':
        this.#clocks.wallAheadMs = b % 2 === 0 ? 0 : ((a % 80) - 40) * DAY
        break
      case 'clock differs':
        site.clockAheadMs = b % 2 === 0 ? 0 : ((a % 20) - 10) * MINUTE
        break
      case 'entry removed':
        if (this.#policies.length > 1) {
          this.#policies = this.#policies.filter((policy) => policy.name !== site.name)
          this.oracle.removed(site.name)
          this.#configure()
        }
        break
      case 'entry added':
        for (const { name: missing } of this.#sites.slice(0, 2)) {
          if (!this.#policies.some((policy) => policy.name === missing))
            this.#policies.push(policyOf(missing))
        }
        this.#configure()
        break
      case 'second entry for the same cluster':
        this.#addTwin(b)
        break
      case 'unreadable pins':
        this.#process.pinProblems = b % 2 === 0 ? [] : ['a line says nothing']
        break
      case 'accept':
        this.#accept()
        break
      case 'release':
        this.#releaseOne()
        break
      case 'barrier':
        for (const each of active) this.#process.barrier(each)
        break
    }
    this.#process.settle(this.#active())
  }

  /** Time passes: what is due soon happens soon. */
  #pass(ms: number): void {
    for (const step of [
      Math.min(ms, 6 * SECOND),
      Math.min(ms - 6 * SECOND, 95 * SECOND),
      ms - 101 * SECOND,
    ]) {
      if (step <= 0) continue
      this.#clocks.now += step
      this.#process.settle(this.#active())
    }
  }

  #create(site: Site, image: number, digest: number): void {
    this.#count += 1
    site.target.create({
      uid: `pod-${this.#count}`,
      image: `registry.example/app-${site.name}-${image % IMAGES}`,
      digest: `sha256:${String(digest % 3).repeat(64)}`,
      createdAt: this.#clocks.now,
      finishedAt: undefined,
    })
  }

  #withObject(site: Site, at: number, change: (uid: string, image: number) => void): void {
    const uids = [...site.target.objects.keys()]
    const uid = uids[at % Math.max(1, uids.length)]
    const image = Number(
      site.target.objects
        .get(uid ?? '')
        ?.image.split('-')
        .at(-1) ?? 0,
    )
    if (uid !== undefined) change(uid, image)
  }

  /** A cluster that nobody meant, with some images or none. */
  #anotherCluster(objects: number): WorldCluster {
    this.#count += 1
    const other = new WorldCluster(`id-${this.#count + 100}`)
    const site = newSite('foreign', other)
    for (let i = 0; i < objects % 5; i += 1) this.#create(site, i, i)
    return other
  }

  #mend(site: Site): void {
    site.network = 'up'
    site.halfOpenSince = undefined
    site.hides = () => false
    site.forbidden = false
    site.clockAheadMs = 0
    this.#clocks.wallAheadMs = 0
    this.#process.pinProblems = []
    this.#process.relist(site)
  }

  #addTwin(b: number): void {
    const [first] = this.#sites
    if (first === undefined) return
    this.#sites[2] ??= newSite('twin', first.target)
    const twin = this.#sites[2]
    twin.target = first.target
    this.#policies = this.#policies.filter(({ name }) => name !== 'twin')
    this.#policies.push({ ...policyOf('twin'), duplicateAcknowledged: b % 2 === 0 })
    this.oracle.sitesAre(this.#sites, FLOOR)
    this.#configure()
  }

  /** A human looks at the status and accepts what it asks for. */
  #accept(): void {
    this.#policies = this.#policies
      .filter(({ name }) => name !== 'twin')
      .map((policy) => {
        const cluster = this.#process.inventory.cluster(policy.name)
        const site = this.#sites.find(({ name }) => name === policy.name)
        const isChanged = cluster?.identityProblem?.reason === 'IdentityChanged' && site !== undefined
        if (isChanged) this.oracle.accepted(site.name, site.target.identity)
        return {
          ...policy,
          acceptShrink: cluster?.shrinkToken,
          identity: isChanged ? site.target.identity : policy.identity,
        }
      })
    this.#configure()
  }

  #releaseOne(): void {
    const [frozen] = this.#process.inventory.frozen
    if (frozen === undefined) return
    this.#release = [...this.#release, frozen.identity]
    this.oracle.released(frozen.identity)
    this.#configure()
    this.#release = []
    this.#configure()
  }

  #configure(): void {
    this.#process.configure(this.#policy())
  }

  #policy(): InventoryPolicy {
    return { retainMs: RETAIN, clusters: this.#policies, release: this.#release }
  }

  #restart(awayMs = 0): void {
    this.oracle.killed()
    this.#clocks.now += awayMs
    this.#process = this.#begin()
  }

  #begin(): ModelProcess {
    const process = new ModelProcess(this.#policy(), this.#clocks, this.#storage, this.oracle)
    process.load(this.#sites)
    process.settle(this.#active())
    return process
  }

  #active(): Site[] {
    return this.#sites.filter(({ name }) => this.#policies.some((policy) => policy.name === name))
  }
}

function policyOf(name: string): ClusterPolicy {
  return { name, required: true, floor: FLOOR, maxShrinkPercent: 50, duplicateAcknowledged: false }
}
