import type { TallymanError } from '#catalogue/error.ts'
import { toleratedProblem } from '#runtime/tolerated-problem.ts'
import type { ExecutionSite } from './execution-order.ts'
import type { Hands } from './hands.ts'
import { journalOf } from './journal-shelf.ts'
import { Reachability } from './reachability.ts'
import { purgeCopies, purgeRun, type RunPurge } from './run-purge.ts'

/** Runs that are over. Times as in RunPurge. */
export interface PurgeOrder extends Pick<RunPurge, 'remover' | 'before' | 'pinnedSince' | 'learn'> {
  readonly runs: readonly { readonly id: string; readonly repositories: readonly string[] }[]
  /** Ids of the runs that entries of spec.restore name. */
  readonly asked: ReadonlySet<string>
}

export interface PurgeEnd {
  /** Ids of the runs of which nothing is left that anybody needs. */
  readonly over: ReadonlySet<string>
  /** Runs that are to be purged again, for something that says nothing of the others. */
  readonly problems: readonly { readonly run: string; readonly error: TallymanError }[]
  /** Why journals stay in the workspace although nobody needs them; told once. */
  readonly refused?: TallymanError | undefined
  /** What kept the rest from being looked at. */
  readonly stoppedBy?: TallymanError | undefined
}

/** What is needed is not looked at again for so long, ms: each look reads journals. */
const NEEDED_FOR_MS = 60 * 60_000

/** Purges runs: the copies of all of them, one after the other, and then their journals. One for each registry. */
export class RunPurger {
  /** By run and repository: when there is something to look at again, monotonic ms. Infinity: its journal is gone, or the workspace does not let it go. */
  readonly #nextLook = new Map<string, number>()
  /** By run and repository: the tag that named nothing at the last look. */
  readonly #nameless = new Map<string, string>()
  #isTold = false

  /** @throws LEADERSHIP_LOST, CANCELLED, INTERNAL; everything else that stops it is in what is returned */
  async purge(site: ExecutionSite, order: PurgeOrder): Promise<PurgeEnd> {
    const problems = new Map<string, TallymanError>()
    let refused: TallymanError | undefined
    let stoppedBy = await this.#each(site, order, problems, async (hands, purge) => {
      if ((await purgeCopies(hands, purge)) === undefined) this.#needed(hands, purge)
    })
    // By the journals, which take a request in the workspace each, no copy is kept from going.
    stoppedBy ??= await this.#each(site, order, problems, async (hands, purge) => {
      const key = keyOf(purge.run, hands.repository)
      const nameless = this.#nameless.get(key)
      this.#nameless.delete(key)
      const removal = await purgeRun(hands, { ...purge, nameless })
      if (removal.kind === 'needed') this.#needed(hands, purge)
      else if (removal.kind === 'nameless') this.#needed(hands, purge, removal.tag)
      else this.#nextLook.set(key, Number.POSITIVE_INFINITY)
      if (removal.kind !== 'refused' || this.#isTold) return
      this.#isTold = true
      refused = removal.error
    })
    return {
      over: this.#over(order.runs),
      problems: [...problems].map(([run, error]) => ({ run, error })),
      ...{ refused, stoppedBy },
    }
  }

  /**
   * Does something about each repository in which there is something to look at, of the runs that have no problem yet.
   * @returns what stopped it
   */
  async #each(
    site: ExecutionSite,
    { runs, asked, ...order }: PurgeOrder,
    problems: Map<string, TallymanError>,
    act: (hands: Hands, purge: RunPurge) => Promise<void>,
  ): Promise<TallymanError | undefined> {
    const { shelf, signal, fence, clock } = site
    const reachability = new Reachability()
    for (const { id: run, repositories } of runs) {
      if (problems.has(run)) continue
      try {
        for (const repository of repositories) {
          if ((this.#nextLook.get(keyOf(run, repository)) ?? 0) > clock.monotonic()) continue
          const journal = await journalOf(shelf, repository, run, { signal, lane: 'bulk', beforeSend: fence })
          const hands = { ...site, repository, journal, ended: () => undefined }
          await act(hands, { ...order, shelf, run, isAsked: asked.has(run) })
          reachability.answered()
        }
      } catch (thrown) {
        const error = toleratedProblem(thrown, signal)
        if (!concernsOneRun(error) || reachability.isLostWith(error)) return error
        problems.set(run, error)
      }
    }
    return undefined
  }

  #over(runs: PurgeOrder['runs']): Set<string> {
    const over = new Set<string>()
    for (const { id, repositories } of runs) {
      const keys = repositories.map((repository) => keyOf(id, repository))
      if (!keys.every((key) => this.#nextLook.get(key) === Number.POSITIVE_INFINITY)) continue
      over.add(id)
      for (const key of keys) this.#nextLook.delete(key)
    }
    return over
  }

  #needed({ clock, repository }: Hands, { run }: RunPurge, nameless?: string): void {
    const key = keyOf(run, repository)
    this.#nextLook.set(key, clock.monotonic() + NEEDED_FOR_MS)
    if (nameless === undefined) this.#nameless.delete(key)
    else this.#nameless.set(key, nameless)
  }
}

function keyOf(run: string, repository: string): string {
  return `${run} ${repository}`
}

function concernsOneRun({ code }: TallymanError): boolean {
  return code.startsWith('REGISTRY_') || code.startsWith('SECRET_') || code.startsWith('JOURNAL_')
}
