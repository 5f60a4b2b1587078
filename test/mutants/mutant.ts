/** One protection taken out of the code: the tests have to notice. */
export interface Mutant {
  /** Number of the safety rule, and what of it is gone. */
  readonly rule: string
  /** Occurs once in the file. */
  readonly find: string
  readonly replace: string
  /** The test files that have to notice; absent: those of `testsOf`. */
  readonly tests?: readonly string[]
}

/** By the file that they change. */
export type MutantsByFile = Readonly<Record<string, readonly Mutant[]>>
