import { TallymanError } from '#catalogue/error.ts'

/** A list that is younger is not proven again. A consent lasts for a second, and a look at the registry may take another: 5 s in all (S03). */
export const FRESH_MS = 3_000
/** A cluster that answers slower than that is too slow to delete by. */
const TRIES = 3

/** Looks at what is in use until that is fresh enough to delete by. Callers at the same time share the look. */
export class FreshLook {
  #looking: Promise<void> | undefined

  /**
   * Resolves at once where it is fresh.
   * @throws BARRIER_NOT_REACHED it is still too old after three looks; whatever `look` throws
   */
  async until(isFresh: () => boolean, look: () => Promise<void>): Promise<void> {
    for (let tries = 1; !isFresh(); tries++) {
      if (tries > TRIES)
        throw new TallymanError('BARRIER_NOT_REACHED', `What is in use is not known within ${FRESH_MS} ms`)
      this.#looking ??= look().finally(() => {
        this.#looking = undefined
      })
      await this.#looking
    }
  }
}
