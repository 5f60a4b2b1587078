import path from 'node:path'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { createStateDir } from '#test/harness/state-dir.ts'
import { Dice } from './dice.ts'
import { FAULTS } from './faults.ts'
import { heal } from './heal.ts'
import { Journal } from './journal.ts'
import { Load } from './load.ts'
import { machineTime } from './machine-time.ts'
import type { Sight } from './messages.ts'
import { MISHAPS } from './mishaps.ts'
import { Operator } from './operator.ts'
import { type Lost, Oracle } from './oracle.ts'
import { pause } from './pause.ts'
import { type Site, startSite, stopSite } from './site.ts'
import { together } from './together.ts'
import { Writable } from './writable.ts'

const PROGRESS_EVERY_MS = 5_000

export interface SoakOptions {
  readonly durationMs: number
  readonly seed: number
  /** Ends it early, and cleanly. */
  readonly signal: AbortSignal
  readonly onProgress: (state: SoakState) => void
}

/** How it stands. */
export interface SoakState {
  readonly journal: Journal
  readonly sights: number
  readonly judged: number
  readonly restarts: number
  readonly last: Sight | undefined
}

export interface SoakResult extends SoakState {
  /** What was lost first; empty: nothing. */
  readonly lost: readonly Lost[]
  /** What is wrong besides. */
  readonly problem: string | undefined
}

/** Two real clusters and an operator for so long, with everything that goes wrong in a bad year. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { signal } = options
  const state = await createStateDir('soak')
  const sites: Site[] = []
  try {
    const started = await Promise.allSettled([startSite('home', signal), startSite('edge', signal)])
    for (const result of started) if (result.status === 'fulfilled') sites.push(result.value)
    const [home, edge] = sites
    const failed = started.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    if (home === undefined || edge === undefined) throw new Error('two clusters are needed')
    return await new Soak(options, home, edge, path.join(state.path, 'operator.log')).run()
  } finally {
    await Promise.all(sites.map(stopSite))
    await state.remove()
  }
}

class Soak {
  readonly #options: SoakOptions
  readonly #home: Site
  readonly #edge: Site
  readonly #journal = new Journal()
  readonly #writable = new Writable(machineTime())
  readonly #oracle = new Oracle(this.#writable, machineTime())
  readonly #operator: Operator
  readonly #over = new AbortController()
  readonly #broken = new AbortController()
  #lost: readonly Lost[] = []
  #restarts = 0

  constructor(options: SoakOptions, home: Site, edge: Site, logFile: string) {
    this.#options = options
    this.#home = home
    this.#edge = edge
    this.#operator = new Operator({
      ...{ home, edge, oracle: this.#oracle, writable: this.#writable, journal: this.#journal, logFile },
      onSight: (sight) => this.#judge(sight),
    })
  }

  async run(): Promise<SoakResult> {
    const { durationMs } = this.#options
    // Aborts when something was lost, and when somebody ends it; `over` when time is up, too.
    const signal = AbortSignal.any([this.#options.signal, this.#broken.signal])
    const over = AbortSignal.any([signal, this.#over.signal])
    const progress = setInterval(() => this.#options.onProgress(this.#state), PROGRESS_EVERY_MS)
    const loads = [this.#home, this.#edge].map(
      (site, at) =>
        new Load({ site, oracle: this.#oracle, journal: this.#journal, dice: this.#dice(at), signal }),
    )
    let problem: string | undefined
    try {
      await this.#operator.writeSecret(this.#edge, signal)
      await Promise.all(loads.map((load) => load.fill()))
      await this.#operator.start(1)
      const timer = setTimeout(() => this.#over.abort(), durationMs)
      await this.#together([
        ...loads.map((load) => load.run(over)),
        this.#faults(this.#home, this.#dice(2), over),
        this.#faults(this.#edge, this.#dice(3), over),
        this.#mishaps(this.#dice(4), over),
      ])
      clearTimeout(timer)
      if (!signal.aborted) {
        problem = await heal({
          operator: this.#operator,
          oracle: this.#oracle,
          edge: this.#edge,
          journal: this.#journal,
          signal,
        })
      }
    } finally {
      clearInterval(progress)
      await this.#operator.kill()
    }
    return { ...this.#state, lost: this.#lost, problem }
  }

  get #state(): SoakState {
    const { sights, judged } = this.#oracle
    return { journal: this.#journal, sights, judged, restarts: this.#restarts, last: this.#operator.last }
  }

  #together(lanes: readonly Promise<void>[]): Promise<void> {
    return together(lanes, this.#broken, () => this.#lost.length > 0)
  }

  async #faults(site: Site, dice: Dice, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await pause(dice.between(3_000, 25_000), over)
      if (over.aborted) return
      const fault = dice.of(FAULTS)
      this.#journal.note(`${site.name}: ${fault.name} begins`, fault.name)
      const settle = site === this.#home ? this.#writable.disturb(machineTime()) : undefined
      const mend = await fault.begin({ site, oracle: this.#oracle, dice })
      try {
        await pause(dice.chance(0.1) ? dice.between(30_000, 100_000) : dice.between(300, 12_000), over)
      } finally {
        await mend()
        settle?.(machineTime())
        this.#journal.note(`${site.name}: ${fault.name} is over`)
      }
    }
  }

  async #mishaps(dice: Dice, signal: AbortSignal): Promise<void> {
    const drawn = MISHAPS.flatMap((mishap) => Array.from({ length: mishap.weight }, () => mishap))
    const scene = { operator: this.#operator, home: this.#home, edge: this.#edge, dice, signal }
    while (!signal.aborted) {
      await pause(dice.between(1_000, 22_000), signal)
      if (signal.aborted) return
      const mishap = dice.of(drawn)
      this.#journal.note(`operator: ${mishap.name}`, mishap.name)
      await mishap.happen(scene)
      if (mishap.isRestart) this.#restarts += 1
      this.#journal.note(`operator: ${mishap.name} is over`)
    }
  }

  #judge(sight: Sight): void {
    const lost = this.#oracle.judge(sight)
    if (lost.length === 0 || this.#lost.length > 0) return
    this.#lost = lost
    this.#broken.abort()
  }

  /** Each lane draws for itself: what one does, moves no other. */
  #dice(lane: number): Dice {
    return new Dice(seededRandom(this.#options.seed * 16 + lane))
  }
}
