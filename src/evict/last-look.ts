import type { TallymanError } from '#catalogue/error.ts'
import { toleratedProblem } from '#runtime/tolerated-problem.ts'
import { HARMFUL } from './execution.ts'
import type { ExecutionSite, RepositoryProblem } from './execution-order.ts'
import { journalOf } from './journal-shelf.ts'
import { Reachability } from './reachability.ts'
import { SampleRecord } from './sample-record.ts'
import { verify } from './verify.ts'

/** A run of which no call comes any more. */
export interface GivenUp {
  readonly run: string
  readonly repositories: readonly string[]
  /** Told of each harm at once, and waited for. */
  readonly harmed: (error: TallymanError) => Promise<void>
  readonly signal: AbortSignal
}

const NOTHING_GOES = { bindings: [], digests: [] }

/**
 * Looks at what calls of a run have seen whole, and nobody has looked at since: they were cut off, and the run is given up (S44). Nothing goes; on harm all that the run took there is brought back.
 * @param open gives the registry, asked for each repository
 * @returns what was harmed, and what could not be looked at
 * @throws REGISTRY_* where a repository could not be reached and nothing is known to be harmed: it may be, by and by; LEADERSHIP_LOST, CANCELLED
 */
export async function lastLook(
  open: () => Promise<ExecutionSite>,
  { run, repositories, harmed, signal }: GivenUp,
): Promise<readonly RepositoryProblem[]> {
  const problems: RepositoryProblem[] = []
  const reachability = new Reachability()
  for (const repository of repositories) {
    try {
      const harm = await harmIn(await open(), repository, run)
      reachability.answered()
      if (harm === undefined) continue
      await harmed(harm)
      problems.push({ repository, error: harm })
    } catch (thrown) {
      const error = toleratedProblem(thrown, signal)
      problems.push({ repository, error })
      // One that never answers hides no harm of the others.
      if (reachability.isLostWith(error)) break
    }
  }
  const unseen = problems.find(({ error }) => error.kind === 'unreachable')
  // Harm is told now: a human has to look before anything goes on.
  if (unseen === undefined || problems.some(({ error }) => HARMFUL.has(error.code))) return problems
  throw unseen.error
}

async function harmIn(
  site: ExecutionSite,
  repository: string,
  run: string,
): Promise<TallymanError | undefined> {
  const { shelf, signal, fence } = site
  const hands = async () => {
    const journal = await journalOf(shelf, repository, run, { signal, lane: 'bulk', beforeSend: fence })
    return { ...site, repository, journal, ended: () => undefined }
  }
  return await verify({ site, repository, run, hands }, new SampleRecord(NOTHING_GOES))
}
