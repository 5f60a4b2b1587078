import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { Dice } from '../dice.ts'
import { Journal } from '../journal.ts'
import { machineTime } from '../machine-time.ts'
import { together } from '../together.ts'
import { Ci } from './ci.ts'
import { Eyes } from './eyes.ts'
import { heal } from './heal.ts'
import { Human } from './human.ts'
import { Operators } from './operators.ts'
import { type Lost, Oracle, type Used } from './oracle.ts'
import { Pods } from './pods.ts'
import { Shelf } from './shelf.ts'
import { applyPolicies, type PolicySite, startPolicySite } from './site.ts'
import { Weather } from './weather.ts'
import { Yard } from './yard.ts'

const PROGRESS_EVERY_MS = 5_000

export interface PolicySoakOptions {
  readonly durationMs: number
  readonly seed: number
  /** Ends it early, and cleanly. */
  readonly signal: AbortSignal
  readonly onProgress: (state: PolicySoakState) => void
}

/** How it stands. */
export interface PolicySoakState {
  readonly journal: Journal
  readonly kills: number
  readonly freezes: number
  readonly runs: number
  readonly evicted: number
  readonly restored: number
  readonly judged: number
  /** Tags that were moved in the moment in which they went, and pushed again. */
  readonly inGap: number
  readonly isStorm: boolean
}

export interface PolicySoakResult extends PolicySoakState {
  /** What was lost first; empty: nothing. */
  readonly lost: readonly Lost[]
  /** What is wrong besides. */
  readonly problem: string | undefined
}

/** Policies that enforce all the time, on two real registries, with everything that goes wrong in a bad year. */
export async function policySoak(options: PolicySoakOptions): Promise<PolicySoakResult> {
  const site = await startPolicySite(options.seed, options.signal)
  try {
    return await new PolicySoak(options, site, await site.cluster.operatorKubeconfig()).run()
  } finally {
    await site.stop()
  }
}

class PolicySoak {
  readonly #options: PolicySoakOptions
  readonly #site: PolicySite
  readonly #journal = new Journal()
  readonly #oracle = new Oracle(machineTime())
  readonly #yard = new Yard()
  readonly #broken = new AbortController()
  /** Aborts when something was lost, and when somebody ends it. */
  readonly #signal: AbortSignal
  readonly #operators: Operators
  readonly #human: Human
  readonly #cis: readonly Ci[]
  readonly #pods: readonly Pods[]
  readonly #weather: Weather
  readonly #eyes: Eyes
  #problem: string | undefined

  constructor(options: PolicySoakOptions, site: PolicySite, kubeconfig: string) {
    const { cluster, api, shops } = site
    this.#options = options
    this.#site = site
    this.#signal = AbortSignal.any([options.signal, this.#broken.signal])
    this.#operators = new Operators(cluster, kubeconfig)
    this.#human = new Human(api, cluster.namespace, this.#journal)
    const shared = {
      ...{ oracle: this.#oracle, shelf: new Shelf(), journal: this.#journal, yard: this.#yard },
      ...{ api, cluster, namespace: cluster.namespace, signal: this.#signal },
    }
    this.#cis = shops.map((shop, at) => new Ci({ ...shared, shop, dice: this.#dice(at) }))
    this.#pods = shops.map((shop, at) => new Pods({ ...shared, shop, dice: this.#dice(2 + at) }))
    this.#weather = new Weather({ ...shared, shops, operators: this.#operators, dice: this.#dice(4) })
    this.#eyes = new Eyes({ ...shared, shops, dice: this.#dice(5), again: (used) => this.#again(used) })
  }

  async run(): Promise<PolicySoakResult> {
    const progress = setInterval(() => this.#options.onProgress(this.#state), PROGRESS_EVERY_MS)
    const closed = new AbortController()
    try {
      await Promise.all(this.#cis.map((ci) => ci.fill()))
      await Promise.all(this.#pods.map((pods) => pods.fill()))
      await applyPolicies(this.#site)
      await this.#operators.start()
      await this.#together([
        this.#eyes.run(AbortSignal.any([this.#signal, closed.signal])).then(() => this.#endIfLost()),
        this.#live().finally(() => closed.abort()),
      ])
    } finally {
      clearInterval(progress)
      await this.#operators.stop()
    }
    return { ...this.#state, lost: this.#eyes.lost, problem: this.#problem }
  }

  /** Everything happens at once until time is up; then everything has to come to rest. */
  async #live(): Promise<void> {
    const { shops } = this.#site
    const over = new AbortController()
    const end = setTimeout(() => over.abort(), this.#options.durationMs)
    const ending = AbortSignal.any([this.#signal, over.signal])
    const names = shops.map(({ name }) => name)
    await this.#together([
      ...this.#cis.map((ci) => ci.run(ending)),
      ...this.#pods.map((pods) => pods.run(ending)),
      this.#human.run(names, ending),
      this.#weather.run(ending),
    ])
    clearTimeout(end)
    if (this.#signal.aborted) return
    this.#journal.note('everything is mended')
    const scene = { shops, cis: this.#cis, oracle: this.#oracle, human: this.#human }
    this.#problem = await heal({ ...scene, signal: this.#signal })
  }

  get #state(): PolicySoakState {
    const { isStorm, kills, freezes } = this.#weather
    const { judged } = this.#oracle
    const { inGap } = this.#eyes
    return { journal: this.#journal, isStorm, kills, freezes, judged, inGap, ...this.#human.figures }
  }

  #endIfLost(): void {
    if (this.#eyes.lost.length > 0) this.#broken.abort()
  }

  async #again(used: Used): Promise<void> {
    const ci = this.#cis[this.#site.shops.findIndex(({ name }) => name === used.shop)]
    if (ci !== undefined) await this.#yard.work(() => ci.again(used))
  }

  #together(lanes: readonly Promise<void>[]): Promise<void> {
    return together(lanes, this.#broken, () => this.#eyes.lost.length > 0)
  }

  /** Each lane draws for itself: what one does, moves no other. */
  #dice(lane: number): Dice {
    return new Dice(seededRandom(this.#options.seed * 16 + lane))
  }
}
