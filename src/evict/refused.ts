import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import type { Reach } from './hands.ts'
import { JournalView } from './journal-view.ts'
import type { RawManifest } from './placeholder.ts'
import { named, type Put, putByDigest } from './put-back.ts'
import { restore } from './restore.ts'
import { isMissing } from './wholeness.ts'

/** Manifests that cannot be written again, mostly as something that they name is gone from the registry and from the trash: what waits for them would wait for ever. */
export class Refused {
  readonly #digests = new Set<string>()

  /** Where the registry does not take it as it is, what it names comes out of the trash before it. @throws RESTORE_CONTENT_GONE */
  readonly put: Put = async (hands, manifest) => {
    try {
      await putByDigest(hands, manifest)
    } catch (thrown) {
      if (!isMissing(asTallymanError(thrown))) throw thrown
      await restoreWhole(hands, manifest)
    }
  }

  /** @returns whether it is written @throws what says nothing about the content: that is tried again */
  async takes(digest: string, writing: () => Promise<unknown>): Promise<boolean> {
    try {
      await writing()
      return true
    } catch (thrown) {
      if (!hasCode(thrown, 'RESTORE_CONTENT_GONE')) throw thrown
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

/** Whoever asked for it records it. @throws RESTORE_CONTENT_GONE also where all that it names is there, and the registry does not take it all the same */
async function restoreWhole(hands: Reach, { digest }: RawManifest): Promise<void> {
  const journal = await JournalView.of(hands.journal, new Set([digest]))
  try {
    await restore({ ...hands, journal }, { digest })
  } catch (thrown) {
    const error = asTallymanError(thrown)
    if (!isMissing(error)) throw error
    throw new TallymanError('RESTORE_CONTENT_GONE', `${digest} is not taken: ${error.message}`, {
      cause: error,
    })
  }
}
