import type { Eviction } from '#evict/eviction.ts'
import { type EvictionSite, evictionOf } from '#test/harness/eviction.ts'
import { containerImage, imageIndex, LINUX_AMD64 } from '#test/harness/images.ts'

const platform = containerImage({ seed: 'execution/platform' })
const doomed = imageIndex('oci', [{ image: platform, platform: LINUX_AMD64 }])
const plain = containerImage({ seed: 'execution/plain' })
const kept = containerImage({ seed: 'execution/kept' })

/** The images of a repository that a run works on; `doomed` is an index of `platform`. */
export const IMAGES = { platform, doomed, plain, kept }
/** `alias` goes and its digest stays; `old` and `plain` go with theirs. */
export const TAGS = { alias: kept, kept, old: doomed, plain }
export const GOING = ['alias', 'old', 'plain']
/** The tags that are left, with what they name. */
export const END = { kept: kept.manifest.digest }
/** The digests that go. */
export const GONE = [doomed, platform, plain].map(({ manifest }) => manifest.digest)

/** Writes such a repository. @returns what goes of it */
export function writeExecuted({ storage }: EvictionSite, repository: string): Eviction {
  for (const [tag, image] of Object.entries(TAGS)) storage.write(repository, image, tag)
  return evictionOf(repository, TAGS, GOING)
}

/** What is there: all tags, and those of the digests that go. */
export async function standingIn(site: EvictionSite, repository: string) {
  const there = await Promise.all(GONE.map((digest) => site.has(repository, digest)))
  return { tags: await site.tags(repository), going: GONE.filter((_, at) => there[at]) }
}

/** All that was to go has gone. */
export const ALL_WENT = { tags: END, going: [] }
/** Nothing has. */
export const NOTHING_WENT = {
  tags: Object.fromEntries(Object.entries(TAGS).map(([tag, { manifest }]) => [tag, manifest.digest])),
  going: GONE,
}
