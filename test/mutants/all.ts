import { CLAIMING_MUTANTS } from './claiming.ts'
import { DECIDING_MUTANTS } from './deciding.ts'
import { DELETING_MUTANTS } from './deleting.ts'
import { JOURNALING_MUTANTS } from './journaling.ts'
import { MATCHING_MUTANTS } from './matching.ts'
import { MEMORY_MUTANTS } from './memory.ts'
import type { Mutant, MutantsByFile } from './mutant.ts'
import { PLANNING_MUTANTS } from './planning.ts'
import { PUTTING_BACK_MUTANTS } from './putting-back.ts'
import { REACHING_MUTANTS } from './reaching.ts'
import { READING_MUTANTS } from './reading.ts'
import { REMEMBERING_MUTANTS } from './remembering.ts'
import { REMOVING_MUTANTS } from './removing.ts'
import { RESTORING_MUTANTS } from './restoring.ts'
import { RETENTION_MUTANTS } from './retention.ts'
import { SCOPING_MUTANTS } from './scoping.ts'
import { SUSPENDING_MUTANTS } from './suspending.ts'
import { TRASH_MUTANTS } from './trash.ts'
import { TRUST_MUTANTS } from './trust.ts'
import { USING_MUTANTS } from './using.ts'
import { WATCHING_MUTANTS } from './watching.ts'

export interface PlacedMutant extends Mutant {
  /** Below the root of the repository. */
  readonly file: string
}

/** Every mutant, by file and then as it is written there. */
export const ALL_MUTANTS: readonly PlacedMutant[] = [
  CLAIMING_MUTANTS,
  DECIDING_MUTANTS,
  DELETING_MUTANTS,
  JOURNALING_MUTANTS,
  MATCHING_MUTANTS,
  MEMORY_MUTANTS,
  PLANNING_MUTANTS,
  PUTTING_BACK_MUTANTS,
  REACHING_MUTANTS,
  READING_MUTANTS,
  REMEMBERING_MUTANTS,
  REMOVING_MUTANTS,
  RESTORING_MUTANTS,
  RETENTION_MUTANTS,
  SCOPING_MUTANTS,
  SUSPENDING_MUTANTS,
  TRASH_MUTANTS,
  TRUST_MUTANTS,
  USING_MUTANTS,
  WATCHING_MUTANTS,
].flatMap(placed)

function placed(byFile: MutantsByFile): PlacedMutant[] {
  return Object.entries(byFile).flatMap(([file, mutants]) => mutants.map((mutant) => ({ ...mutant, file })))
}
