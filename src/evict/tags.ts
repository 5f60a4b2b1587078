import { TallymanError } from '#catalogue/error.ts'
import { digestAt } from '#registry/digest-at.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import { type Access, calls, type Hands, type Reach } from './hands.ts'
import { WIDTH } from './width.ts'

/** The names of all tags. @throws REGISTRY_ABSENT too: a repository that is not there is not one without tags */
export async function listTags(hands: Reach): Promise<Set<string>> {
  const names = new Set<string>()
  for await (const page of hands.pull.tags(hands.repository, { ...calls(hands).read, whole: true })) {
    for (const name of page) names.add(name)
  }
  return names
}

/** The digest that a tag names, or the digest itself where there is such a manifest; undefined: absent. */
export async function headDigest(hands: Access, reference: string): Promise<string | undefined> {
  return await digestAt(hands.pull, hands.repository, reference, calls(hands).read)
}

/** What each of these tags names; undefined: it names nothing. */
export async function resolveTags(
  hands: Reach,
  names: Iterable<string>,
): Promise<Map<string, string | undefined>> {
  const list = [...names]
  const digests = await sideBySide(list, WIDTH, (name) => headDigest(hands, name))
  return new Map(list.map((name, index) => [name, digests[index]]))
}

/** Those of `names` that are not in `others`. */
export function missingFrom(others: Pick<ReadonlySet<string>, 'has'>, names: Iterable<string>): string[] {
  return [...names].filter((name) => !others.has(name))
}

/**
 * A listing that lacks a tag that is there, such as `null` or half a page, hides others too, and nothing may be concluded from it.
 * @param expected tags that were there when it was decided; somebody may have removed them since
 * @throws DELETE_UNSETTLED
 */
export async function assertListed(
  hands: Reach,
  listed: ReadonlySet<string>,
  expected: Iterable<string>,
): Promise<void> {
  const named = await resolveTags(hands, missingFrom(listed, expected))
  const hidden = [...named].filter(([, digest]) => digest !== undefined).map(([tag]) => tag)
  if (hidden.length === 0) return
  throw new TallymanError(
    'DELETE_UNSETTLED',
    `${hands.repository}: ${hidden.slice(0, 3).join(', ')} is there and not listed`,
    { details: { hidden: hidden.length } },
  )
}

/**
 * Waits until nothing disappears any more: a DELETE of which nobody knows what it did may still go on in the registry (S16).
 * @returns the second of two listings, a quiet period apart, in which nothing is missing that was in the first
 * @throws DELETE_UNSETTLED
 */
export async function settledTags(hands: Hands): Promise<Set<string>> {
  const first = await listTags(hands)
  await hands.clock.sleep(hands.quietMs, hands.signal)
  const second = await listTags(hands)
  const missing = missingFrom(second, first)
  if (missing.length > 0) {
    throw new TallymanError(
      'DELETE_UNSETTLED',
      `${hands.repository}: ${missing.slice(0, 3).join(', ')} disappeared while nothing was asked for`,
      { details: { missing: missing.length } },
    )
  }
  return second
}
