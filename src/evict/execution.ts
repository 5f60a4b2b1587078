import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { ExecutionOrder, ExecutionSite, RepositoryProblem } from './execution-order.ts'
import { type ExecutionCounts, ProgressMeter } from './execution-progress.ts'
import { Reachability } from './reachability.ts'
import { RepositoryTask } from './repository-task.ts'

export type { ExecutionOrder, ExecutionSite, RepositoryProblem } from './execution-order.ts'

/** How a call ended. */
export interface ExecutionEnd {
  /**
   * `Succeeded`: all of it is gone, or has a reason to stay. `WaitingForGarbageCollection`: copies are made; it goes on at `resumesAt`. `Partial`: something is
   * left, for the problems or because the time was over. `Stopped`: something stopped it.
   */
  readonly phase: 'Succeeded' | 'WaitingForGarbageCollection' | 'Partial' | 'Stopped'
  /** Of this call. */
  readonly counts: ExecutionCounts
  readonly problems: readonly RepositoryProblem[]
  /** When the last copy is old enough, ms since the epoch. */
  readonly resumesAt?: number | undefined
  /** What ended it between two requests: EVICTION_*, DELETE_TOOK_TAG, LEADERSHIP_LOST, CANCELLED, what the guard throws. */
  readonly stoppedBy?: TallymanError | undefined
}

/**
 * Carries out a plan, in two stages over all repositories: tags first, then manifests (S20). One repository at a time, each with a journal of its own. What
 * blocks one repository does not keep the others.
 * @throws INTERNAL; everything else that stops it is in what is returned
 */
export async function execute(site: ExecutionSite, order: ExecutionOrder): Promise<ExecutionEnd> {
  return await new Execution(site, order).run()
}

class Execution {
  readonly #meter: ProgressMeter
  readonly #signal: AbortSignal
  readonly #harmed: (error: TallymanError) => Promise<void>
  readonly #tasks: readonly RepositoryTask[]
  readonly #problems: RepositoryProblem[] = []
  /** Where nothing more is done but to look, with the codes of what was told of it. */
  readonly #blocked = new Map<RepositoryTask, Set<string>>()
  #reachability = new Reachability()

  constructor(site: ExecutionSite, order: ExecutionOrder) {
    const { evictions, progress } = order
    const planned = {
      bindings: evictions.reduce((sum, { bindings }) => sum + bindings.length, 0),
      digests: evictions.reduce((sum, { digests }) => sum + digests.length, 0),
    }
    this.#signal = site.signal
    this.#harmed = async (error) => {
      if (HARMFUL.has(error.code)) await order.harmed?.(error)
    }
    this.#meter = new ProgressMeter(site.clock, planned, progress)
    this.#tasks = evictions.map((eviction) => new RepositoryTask(site, order, eviction, this.#meter))
  }

  async run(): Promise<ExecutionEnd> {
    let stoppedBy: TallymanError | undefined
    try {
      await this.#stages()
    } catch (thrown) {
      stoppedBy = asTallymanError(thrown)
      if (stoppedBy.code === 'INTERNAL') throw thrown
      await this.#harmed(stoppedBy)
    }
    if (!this.#isLeftToOthers(stoppedBy)) stoppedBy = await this.#verified(stoppedBy)
    this.#meter.end()
    return this.#end(stoppedBy)
  }

  async #stages(): Promise<void> {
    const sum = (count: (task: RepositoryTask) => number) =>
      this.#open().reduce((total, task) => total + count(task), 0)
    this.#meter.begin(
      'Copying',
      sum(({ copies }) => copies),
    )
    await this.#each(this.#tasks, (task) => task.prepare())
    this.#meter.begin(
      'Untagging',
      sum(({ tags }) => tags),
    )
    await this.#each(this.#open(), (task) => task.untag())
    this.#meter.begin(
      'Sweeping',
      sum(({ manifests }) => manifests),
    )
    await this.#each(this.#open(), async (task) => {
      await task.sweep()
      const harm = await task.verify()
      if (harm !== undefined) throw harm
    })
  }

  /** Another process leads by now, or this one ends: who goes on looks at what the journals say was whole (S44). */
  #isLeftToOthers(stoppedBy: TallymanError | undefined): boolean {
    return this.#signal.aborted || stoppedBy?.code === 'LEADERSHIP_LOST'
  }

  /**
   * Looks at what was not looked at yet: where nothing was swept, something went wrong, or something stopped the run, whatever that was (S44). Where this call has not come to,
   * the next one does, unless the run is over.
   * @returns what stops the run: the first harm, or what has ended it before
   */
  async #verified(before: TallymanError | undefined): Promise<TallymanError | undefined> {
    this.#meter.begin('Verifying', this.#tasks.length)
    this.#reachability = new Reachability()
    const harms: RepositoryProblem[] = []
    let after: TallymanError | undefined
    const isOver = () => harms.length > 0 || HARMFUL.has(before?.code ?? '')
    try {
      await this.#each(this.#tasks, async (task) => {
        const harm = task.isBegun || isOver() ? await task.verify() : undefined
        if (harm !== undefined) {
          harms.push({ repository: task.repository, error: harm })
          if (!HARMFUL.has(before?.code ?? '') && harms.length === 1) await this.#harmed(harm)
        }
        this.#meter.did(1)
      })
    } catch (thrown) {
      after = asTallymanError(thrown)
      if (after.code === 'INTERNAL') throw thrown
    }
    const errors = [before, ...harms.map(({ error }) => error)]
    const first = errors.find((error) => error !== undefined && HARMFUL.has(error.code))
    this.#problems.push(...harms.filter(({ error }) => error !== first))
    return first ?? before ?? after
  }

  #open(): RepositoryTask[] {
    return this.#tasks.filter((task) => !this.#blocked.has(task))
  }

  async #each(
    tasks: readonly RepositoryTask[],
    work: (task: RepositoryTask) => Promise<void>,
  ): Promise<void> {
    for (const task of tasks) {
      try {
        await work(task)
        this.#reachability.answered()
      } catch (thrown) {
        const error = asTallymanError(thrown)
        if (!concernsOneRepository(error)) throw thrown
        this.#block(task, error)
        if (this.#reachability.isLostWith(error)) throw error
      }
    }
  }

  /** What keeps its sample from being looked at is told beside what nothing gets past: that may pass, and the run goes on for it (S44). */
  #block(task: RepositoryTask, error: TallymanError): void {
    const told = this.#blocked.get(task) ?? new Set<string>()
    if (!told.has(error.code)) this.#problems.push({ repository: task.repository, error })
    this.#blocked.set(task, told.add(error.code))
  }

  #end(stoppedBy: TallymanError | undefined): ExecutionEnd {
    const problems = [...this.#problems, ...this.#tasks.flatMap((task) => task.problems())]
    const { counts } = this.#meter
    const ripe = this.#tasks.flatMap(({ ripeAt }) => ripeAt ?? [])
    const resumesAt = ripe.length === 0 ? undefined : Math.max(...ripe)
    return { phase: phaseOf(stoppedBy, problems, resumesAt), counts, problems, resumesAt, stoppedBy }
  }
}

function phaseOf(
  stoppedBy: TallymanError | undefined,
  problems: readonly RepositoryProblem[],
  resumesAt: number | undefined,
): ExecutionEnd['phase'] {
  if (stoppedBy !== undefined) return stoppedBy.code === 'EVICTION_WINDOW_ENDED' ? 'Partial' : 'Stopped'
  if (resumesAt !== undefined) return 'WaitingForGarbageCollection'
  return problems.length === 0 ? 'Succeeded' : 'Partial'
}

/** Something that was to stay was lost, or nearly: a human has to look before anything more goes. */
export const HARMFUL: ReadonlySet<string> = new Set(['EVICTION_HARMED', 'DELETE_TOOK_TAG'])

const OF_ONE_REPOSITORY: ReadonlySet<string> = new Set([
  'DELETE_UNSETTLED',
  'DELETE_UNSAFE',
  'JOURNAL_INVALID',
  'JOURNAL_LOST',
  'JOURNAL_CONFLICT',
  'TRASH_UNUSABLE',
])

function concernsOneRepository({ code }: TallymanError): boolean {
  return code.startsWith('REGISTRY_') || OF_ONE_REPOSITORY.has(code)
}
