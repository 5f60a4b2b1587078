import { asTallymanError, type TallymanError } from '#catalogue/error.ts'

/**
 * What went wrong with something that the rest goes on without.
 * @throws what ends the rest too: the reason of `signal` once it has aborted, LEADERSHIP_LOST, INTERNAL
 */
export function toleratedProblem(thrown: unknown, signal: AbortSignal): TallymanError {
  signal.throwIfAborted()
  const problem = asTallymanError(thrown)
  if (problem.code === 'LEADERSHIP_LOST' || problem.code === 'INTERNAL') throw thrown
  return problem
}
