import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { ExecutionOrder, ExecutionSite, RepositoryProblem } from './execution-order.ts'
import { type ExecutionCounts, ProgressMeter } from './execution-progress.ts'
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

/** So many repositories in a row that the registry does not answer for: it is down, or nobody reaches it. */
const MOST_UNREACHABLE = 3

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
  readonly #tasks: readonly RepositoryTask[]
  readonly #problems: RepositoryProblem[] = []
  readonly #blocked = new Set<RepositoryTask>()
  #unreachable = 0

  constructor(site: ExecutionSite, order: ExecutionOrder) {
    const { evictions, progress } = order
    const planned = {
      bindings: evictions.reduce((sum, { bindings }) => sum + bindings.length, 0),
      digests: evictions.reduce((sum, { digests }) => sum + digests.length, 0),
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
    }
    if (stoppedBy === undefined || ENDED_IN_ORDER.has(stoppedBy.code))
      stoppedBy = await this.#verified(stoppedBy)
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
      await task.verify()
    })
  }

  /**
   * Looks at what was not looked at yet: where nothing was swept, or something went wrong.
   * @returns what stops the run: what was found, or what has ended it before
   */
  async #verified(before: TallymanError | undefined): Promise<TallymanError | undefined> {
    this.#meter.begin('Verifying', this.#tasks.length)
    try {
      await this.#each(this.#tasks, async (task) => {
        await task.verify()
        this.#meter.did(1)
      })
      return before
    } catch (thrown) {
      const error = asTallymanError(thrown)
      if (error.code === 'INTERNAL') throw thrown
      return error
    }
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
        this.#unreachable = 0
      } catch (thrown) {
        const error = asTallymanError(thrown)
        if (!concernsOneRepository(error)) throw thrown
        this.#blocked.add(task)
        this.#problems.push({ repository: task.repository, error })
        this.#unreachable = error.kind === 'unreachable' ? this.#unreachable + 1 : 0
        if (this.#unreachable === MOST_UNREACHABLE) throw error
      }
    }
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

/** Told to end, with everything as it should be. */
const ENDED_IN_ORDER: ReadonlySet<string> = new Set(['EVICTION_WINDOW_ENDED', 'EVICTION_SUSPENDED'])

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
