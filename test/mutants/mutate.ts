import { stripTypeScriptTypes } from 'node:module'
import type { Mutant } from './mutant.ts'

/**
 * The source without the protection.
 * @throws Error with the rule where the mutant does not fit the source: the list has to follow the code
 */
export function mutate(source: string, { rule, find, replace }: Mutant): string {
  const misfit = (why: string, cause?: unknown) => new Error(`The mutant of ${rule}: ${why}`, { cause })
  const [before, after, ...more] = source.split(find)
  if (before === undefined || after === undefined) throw misfit(`the code has no ${JSON.stringify(find)}`)
  if (more.length > 0) throw misfit(`the code has ${JSON.stringify(find)} ${more.length + 1} times`)
  const mutated = `${before}${replace}${after}`
  try {
    // One that cannot be run proves nothing.
    stripTypeScriptTypes(mutated)
  } catch (error) {
    throw misfit('what is left does not parse', error)
  }
  return mutated
}
