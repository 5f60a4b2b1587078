import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { ExecutionSite } from './execution-order.ts'
import { journalOf } from './journal-shelf.ts'
import { purgeRun, type RunPurge } from './run-purge.ts'

/** Runs that are over. Times as in RunPurge. */
export interface PurgeOrder extends Pick<RunPurge, 'remover' | 'before' | 'pinnedSince'> {
  readonly runs: readonly { readonly id: string; readonly repositories: readonly string[] }[]
  /** Ids of runs of which somebody asks for all that they took. */
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

/** Purges runs, one after the other. One for each registry. */
export class RunPurger {
  /** `run repository` of the journals that the workspace does not let go: they are not asked for again. */
  readonly #refused = new Set<string>()
  #isTold = false

  /** @throws LEADERSHIP_LOST, CANCELLED, INTERNAL; everything else that stops it is in what is returned */
  async purge(site: ExecutionSite, order: PurgeOrder): Promise<PurgeEnd> {
    const over = new Set<string>()
    const problems: { run: string; error: TallymanError }[] = []
    let refused: TallymanError | undefined
    const onRefused = (error: TallymanError) => {
      if (!this.#isTold) refused = error
      this.#isTold = true
    }
    for (const run of order.runs) {
      try {
        if (!(await this.#isOver(site, order, run, onRefused))) continue
        over.add(run.id)
        for (const repository of run.repositories) this.#refused.delete(keyOf(run.id, repository))
      } catch (thrown) {
        site.signal.throwIfAborted()
        const error = asTallymanError(thrown)
        if (error.code === 'LEADERSHIP_LOST' || error.code === 'INTERNAL') throw thrown
        if (!concernsOneRun(error)) return { over, problems, refused, stoppedBy: error }
        problems.push({ run: run.id, error })
      }
    }
    return { over, problems, refused }
  }

  async #isOver(
    site: ExecutionSite,
    { remover, before, pinnedSince, asked }: PurgeOrder,
    { id: run, repositories }: PurgeOrder['runs'][number],
    onRefused: (error: TallymanError) => void,
  ): Promise<boolean> {
    const { shelf, signal, fence } = site
    const purge = { shelf, run, remover, before, pinnedSince, isAsked: asked.has(run) }
    let isOver = true
    for (const repository of repositories) {
      const key = keyOf(run, repository)
      if (this.#refused.has(key)) continue
      const journal = await journalOf(shelf, repository, run, { signal, lane: 'bulk', beforeSend: fence })
      const end = await purgeRun({ ...site, repository, journal, ended: () => undefined }, purge)
      if (end.kind === 'needed') isOver = false
      if (end.kind !== 'refused') continue
      this.#refused.add(key)
      onRefused(end.error)
    }
    return isOver
  }
}

function keyOf(run: string, repository: string): string {
  return `${run} ${repository}`
}

/** Not of a registry that is down. */
function concernsOneRun({ code, kind }: TallymanError): boolean {
  if (code.startsWith('REGISTRY_')) return kind !== 'unreachable'
  return code.startsWith('SECRET_') || code === 'JOURNAL_INVALID'
}
