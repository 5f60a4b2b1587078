import { stripTypeScriptTypes } from 'node:module'
import type { Mutant } from './mutant.ts'

/**
 * The source without the protection.
 * @throws Error where the mutant does not fit the source: the list has to follow the code
 */
export function mutate(source: string, { find, replace }: Mutant): string {
  const [before, after, ...more] = source.split(find)
  if (before === undefined || after === undefined) throw new Error(`the code has no ${JSON.stringify(find)}`)
  if (more.length > 0) throw new Error(`the code has ${JSON.stringify(find)} ${more.length + 1} times`)
  const mutated = `${before}${replace}${after}`
  // One that cannot be run proves nothing.
  stripTypeScriptTypes(mutated)
  return mutated
}
