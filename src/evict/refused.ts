import { asTallymanError } from '#catalogue/error.ts'
import { named } from './put-back.ts'
import { isMissing } from './wholeness.ts'

/** Manifests that a registry does not take again, as something that they name is gone from it: what waits for them would wait for ever. */
export class Refused {
  readonly #digests = new Set<string>()

  /** @returns whether the registry took it @throws what says nothing about the content: that is tried again */
  async takes(digest: string, writing: () => Promise<unknown>): Promise<boolean> {
    try {
      await writing()
      return true
    } catch (thrown) {
      if (!isMissing(asTallymanError(thrown))) throw thrown
      this.#digests.add(digest)
      return false
    }
  }

  has(digest: string): boolean {
    return this.#digests.has(digest)
  }

  /** What is said of them, and what to do; undefined: there are none. */
  get text(): string | undefined {
    if (this.#digests.size === 0) return undefined
    return `the registry does not take ${named([...this.#digests])} again, as something that it names is gone: push it again if it is to be there`
  }
}
