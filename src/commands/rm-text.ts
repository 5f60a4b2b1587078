import { counted } from '#catalogue/counted.ts'
import { requestName } from '#commands/rm-images.ts'
import type { LeftOver, RemovalTally } from '#commands/rm-tally.ts'
import type { Outcome } from '#evict/eviction.ts'
import type { Refusal, RefusalCode, RepositoryRemoval } from '#retention/removal-request.ts'

/** What to do about a refusal, where that is not plain. */
const REMEDIES: Readonly<Partial<Record<RefusalCode, (name: string) => string>>> = {
  InUse: (name) => ` If it is to go all the same: --force-in-use ${name}`,
  OtherTags: () => ' Name them too, or say --all-tags',
}

export function refusalText({ request, code, why }: Refusal): string {
  const name = requestName(request)
  return `tallyman: ${name} is not removed: ${why}.${REMEDIES[code]?.(name) ?? ''}`
}

/** Wide enough for `untag`, the longest. */
const ACTION_WIDTH = 5

/** A line for each tag that goes, and for each manifest that is asked for and has none. As in a plan: `evict` with its manifest, `untag` without. */
export function previewText(removals: readonly RepositoryRemoval[]): string[] {
  return removals.flatMap(({ repository, bindings, digests, orphans }) => {
    const line = (action: string, name: string, ...why: readonly (string | undefined)[]) => {
      const reasons = why.filter((text) => text !== undefined).join('; ')
      return `${action.padEnd(ACTION_WIDTH)}  ${repository}${name}  ${reasons}`.trimEnd()
    }
    const tagged = new Set(bindings.map(({ digest }) => digest))
    return [
      ...bindings.map(({ tag, stays, follows }) =>
        stays === undefined
          ? line('evict', `:${tag}`, follows)
          : line('untag', `:${tag}`, `the manifest stays: ${stays}`, follows),
      ),
      ...digests.filter((digest) => !tagged.has(digest)).map((digest) => line('evict', `@${digest}`)),
      ...orphans.map((tag) => line('keep', `:${tag}`, 'it refers to something that goes')),
    ]
  })
}

/** @param clusters that were read for what is in use */
export function question(
  removals: readonly RepositoryRemoval[],
  host: string,
  clusters: readonly string[],
): string {
  const tags = removals.flatMap(({ bindings }) => bindings).length
  const digests = removals.flatMap((removal) => removal.digests).length
  return `Remove ${amount(tags, digests)} from ${host}? In use is what ${clusters.join(', ')} use${clusters.length === 1 ? 's' : ''}.`
}

/** @param wayBack the command that brings it back; undefined: nothing does */
export function endText({ tags, digests, left }: RemovalTally, wayBack: string | undefined): string[] {
  return [
    `Removed ${amount(tags, digests)}.`,
    ...left.map((each) => `${nameOf(each)} is not removed: ${WHY[each.outcome]}`),
    ...(wayBack === undefined
      ? []
      : [`Until the registry collects its garbage, this brings it back: ${wayBack}`]),
  ]
}

/** What was to be removed with the tags and is still there, where the work was stopped in the middle. */
export function unfinishedText(removals: readonly RepositoryRemoval[], tally: RemovalTally): string[] {
  const left = removals.flatMap(({ repository, digests }) =>
    digests
      .filter((digest) => !tally.hasEnded(repository, digest))
      .map((digest) => `${repository}@${digest}`),
  )
  return [
    `It was stopped after ${amount(tally.tags, tally.digests)}. What it had begun, the next call for the same repository finishes.`,
    ...(left.length === 0 ? [] : [`May be left without a tag, to be named by digest: ${left.join(', ')}`]),
  ]
}

const WHY: Readonly<Record<Outcome, string>> = {
  untagged: 'it went',
  swept: 'it went',
  gone: 'it was not there any more',
  moved: 'the tag names something else by now',
  spared: 'it came into use',
  named: 'something needs it that was pushed or moved meanwhile',
  unreadable: 'its manifest cannot be read, so that nothing could bring it back',
}

function nameOf({ repository, tag, digest }: LeftOver): string {
  return tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`
}

function amount(tags: number, digests: number): string {
  return `${counted(tags, 'tag')} and ${counted(digests, 'manifest')}`
}
