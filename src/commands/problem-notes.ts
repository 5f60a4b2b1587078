import { printable } from '#commands/printable.ts'
import { isUnseen, PROBLEM_WORDS } from '#commands/problem-words.ts'
import type { TagRow } from '#commands/tag-rows.ts'

/** So many are named, so that a broken registry does not fill a terminal. */
const NAMED = 10

/** Collects what has to be told of the rows of a listing besides the rows. */
export class ProblemNotes {
  readonly #named: string[] = []
  #count = 0
  #isComplete = true

  /** Whether everything could be seen. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** @param isShown the row itself says it */
  add({ repository, tag, problem, error }: TagRow, isShown: boolean): void {
    if (problem === undefined) return
    const isHole = isUnseen(problem)
    if (isHole) this.#isComplete = false
    else if (isShown) return
    this.#count += 1
    if (this.#named.length === NAMED) return
    const name = printable(tag === undefined ? repository : `${repository}:${tag}`)
    const why = error === undefined ? '' : `: ${printable(error.message)}`
    this.#named.push(`tallyman: ${name}: ${PROBLEM_WORDS[problem] ?? problem}${why}`)
  }

  lines(): readonly string[] {
    const more = this.#count - this.#named.length
    return more === 0 ? this.#named : [...this.#named, `tallyman: … and ${more} more`]
  }
}
