import { hasCode } from '#catalogue/error.ts'
import type { Eviction } from '#evict/eviction.ts'
import { type SweepOptions, sweep } from '#evict/sweep.ts'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import type { RegistryVersion } from '#test/harness/registry.ts'

/** The first DELETE of something that the plan lets go: the one before it is of the scratch manifest. */
export const FIRST_DELETE = { method: 'DELETE', nth: 2 } as const

/** A registry in which manifests are swept. */
export async function startSweepSite(version: RegistryVersion): Promise<EvictionSite> {
  const site = await startEvictionSite(version)
  // Whoever opens a Registry does: from then on tags are listed as the product does it best.
  await site.client.ping()
  return site
}

/** What tags of a repository name that stay, and what named by none is to go. */
export interface SweptRepository {
  readonly staying: Readonly<Record<string, TestImage>>
  readonly going: readonly TestImage[]
}

/** Writes it. @returns what a plan says of it by which the first of what goes had a tag, which went */
export function writeUntagged(
  { storage }: EvictionSite,
  repository: string,
  { staying, going }: SweptRepository,
): Eviction {
  const [old, ...others] = going
  if (old === undefined) throw new Error('something has to go')
  for (const [tag, image] of Object.entries(staying)) storage.write(repository, image, tag)
  for (const image of going) storage.write(repository, image)
  return evictionOf(repository, { old, ...staying }, ['old'], others)
}

/** A repository in which `old` was untagged, and so were the `more`; `stable` and `kept` were not. */
export function writeSwept(site: EvictionSite, repository: string, more = 0) {
  const [old, stable, kept] = [freshImage(), freshImage(), freshImage()]
  const others = Array.from({ length: more }, freshImage)
  const eviction = writeUntagged(site, repository, { staying: { stable, kept }, going: [old, ...others] })
  return { old, stable, kept, others, eviction }
}

/** A process that died when its first DELETE was done, and before it had seen that. @param tag goes with it @returns what it left, and the hands of its successor */
export async function diedSweeping(
  site: EvictionSite,
  repository: string,
  meanwhile: (old: TestImage) => Promise<void>,
  tag?: string,
) {
  const { old, stable, kept, eviction } = writeSwept(site, repository)
  const digest = digestOf(old)
  if (tag !== undefined) site.storage.tag(repository, digest, tag)
  const options: SweepOptions = tag === undefined ? {} : { withTags: [{ tag, digest }] }
  const dying = new AbortController()
  const held = site.proxy.hold(FIRST_DELETE)
  site.proxy.rule({ kind: 'drop', times: 1, onStrike: () => dying.abort() }, FIRST_DELETE)
  const { hands } = site.hands(repository, { signal: dying.signal })
  const running = sweep(hands, eviction, options)
  await held.arrived
  await meanwhile(old)
  held.release()
  const failure: unknown = await running.catch((error: unknown) => error)
  if (!hasCode(failure, 'CANCELLED')) throw new Error('the sweep did not die', { cause: failure })
  const successor = site.hands(repository, { journal: hands.journal })
  return { old, stable, kept, eviction, ...successor }
}

let images = 0

/** Unlike any other. */
export function freshImage(): TestImage {
  images += 1
  return containerImage({ seed: `sweep/${images}` })
}

/** Unlike any other, of two platforms. */
export function freshIndex(): TestImage {
  images += 1
  return multiPlatformImage({ seed: `sweep/${images}` })
}

/** @throws of an image that there is not */
export function digestOf(image: TestImage | undefined): string {
  if (image === undefined) throw new Error('there is no such image')
  return image.manifest.digest
}

/** The digests that were asked to be deleted in a repository, in that order; that of the scratch manifest is first. */
export function deletedIn({ proxy }: EvictionSite, repository: string): string[] {
  return proxy.requests
    .filter(({ method, path }) => method === 'DELETE' && path.includes(`/${repository}/`))
    .map(({ path }) => path.slice(path.indexOf('sha256:')))
}
