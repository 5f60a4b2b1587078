import { TallymanError } from '#catalogue/error.ts'
import { calls, type Hands } from './hands.ts'
import { proveDelete, scratchManifest, unsafe } from './scratch.ts'
import { resolveTags } from './tags.ts'

/** Two tags of the scratch manifest: the first one goes by its name, and then the other one has to be there. */
const GOES = 'tallyman-scratch-1'
const STAYS = 'tallyman-scratch-2'

/**
 * Before tags go by their names in a repository, one goes that nobody has: what a product answers like does not say what its DELETE takes along (S40). Nothing is
 * left of it but where it is interrupted; the next proof, or the next sweep, takes that away. Costs four requests that write and some HEADs.
 * @throws UNTAG_UNSUPPORTED more goes than the name, or the product has no such request: nothing but scratch was touched; DELETE_UNSAFE, REGISTRY_*
 */
export async function proveUntag(hands: Hands): Promise<void> {
  const { repository, push, signal, guard } = hands
  const scratch = scratchManifest(repository)
  // What forbids it leaves nothing behind.
  await guard(signal)
  for (const [tag, digest] of await resolveTags(hands, [GOES, STAYS]))
    if (digest !== undefined && digest !== scratch.digest)
      throw unsafe(hands, `of a tag cannot be tried while ${tag} names something of somebody else`)
  for (const tag of [GOES, STAYS]) await push.putManifest(repository, tag, scratch, calls(hands).write)
  const found = await tried(hands, scratch.digest)
  await proveDelete(hands)
  if (found !== undefined) throw found
}

/** @returns why no tag may be deleted by its name here */
async function tried(hands: Hands, digest: string): Promise<TallymanError | undefined> {
  const { repository, signal, guard, audit } = hands
  const outcome = await hands.delete.deleteManifest(repository, GOES, { signal, guard, audit })
  switch (outcome.kind) {
    case 'deleted':
      return (await wentAlone(hands, digest)) ? undefined : tookMore(repository)
    case 'absent':
      return unsafe(hands, 'did not find the tag that had just been written')
    case 'unknown':
      return unsafe(hands, `of a tag was not carried through: ${outcome.error.message}`, outcome.error)
    case 'unsupported':
      return new TallymanError('UNTAG_UNSUPPORTED', `${repository}: no tag can be deleted by its name`, {
        cause: outcome.error,
      })
    case 'denied':
      return outcome.error
  }
}

async function wentAlone(hands: Hands, digest: string): Promise<boolean> {
  const left = await resolveTags(hands, [GOES, STAYS, digest])
  return left.get(GOES) === undefined && left.get(STAYS) === digest && left.get(digest) === digest
}

function tookMore(repository: string): TallymanError {
  const what = 'a DELETE of a tag takes its manifest and other tags along, or not even the tag'
  return new TallymanError(
    'UNTAG_UNSUPPORTED',
    `${repository}: ${what}: that was tried with a manifest of our own, and no tag goes by its name`,
  )
}
