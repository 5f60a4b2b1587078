import type { TallymanError } from '#catalogue/error.ts'

/** So many things in a row for which a registry does not answer: it is down, or nobody reaches it. It is not asked for the others, or that would take hours. */
export const MOST_UNREACHABLE = 3

/** Whether a registry is still asked, while one thing after the other is done there. */
export class Reachability {
  #unreachable = 0

  /** It has answered for something. */
  answered(): void {
    this.#unreachable = 0
  }

  /** Something has failed. @returns whether it is given up */
  isLostWith({ kind }: TallymanError): boolean {
    this.#unreachable = kind === 'unreachable' ? this.#unreachable + 1 : 0
    return this.#unreachable === MOST_UNREACHABLE
  }
}
