import { hasCode, TallymanError } from '#catalogue/error.ts'
import { OCI_INDEX } from '#registry/media-types.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import { calls, type Hands } from './hands.ts'
import { isPlaceholder } from './placeholder.ts'
import { settledTags } from './tags.ts'
import { WIDTH } from './width.ts'

/** A placeholder has some 200 bytes. */
const MOST_BYTES = 1_024

/**
 * Looks whether runs have left something half done in a repository, where their journals cannot say so: a tag that names a placeholder, or nothing. It has to look so in two listings, a
 * quiet period apart (S16).
 * @param lost why a journal cannot say it
 * @throws DELETE_UNSETTLED it still goes on; JOURNAL_LOST something is half done, and nobody knows what it was
 */
export async function assertNothingHalfDone(hands: Hands, lost: TallymanError): Promise<void> {
  const tags = [...(await settledTags(hands))]
  const found = await sideBySide(tags, WIDTH, (tag) => isHalfDone(hands, tag))
  const half = tags.filter((_, at) => found[at] === true)
  if (half.length === 0) return
  throw new TallymanError(
    'JOURNAL_LOST',
    `${lost.message}; in ${hands.repository} there is ${half.slice(0, 3).join(', ')} without what it named`,
    { cause: lost, details: { half: half.length } },
  )
}

async function isHalfDone({ pull, repository, ...hands }: Hands, tag: string): Promise<boolean> {
  const { read } = calls({ pull, repository, ...hands })
  try {
    const { mediaType, size } = await pull.headManifest(repository, tag, read)
    if (mediaType !== OCI_INDEX || size > MOST_BYTES) return false
    return isPlaceholder(await pull.getManifest(repository, tag, read))
  } catch (error) {
    if (hasCode(error, 'REGISTRY_ABSENT')) return true
    throw error
  }
}
