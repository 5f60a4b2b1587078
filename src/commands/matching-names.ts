import type { AskedImage } from '#commands/asked-image.ts'
import type { ImageReference } from '#inventory/reference.ts'
import { type Match, UsageLookup } from '#inventory/usage-lookup.ts'

/** An image as objects name it. */
export interface NamedImage {
  readonly image: string
  readonly reference: ImageReference | undefined
  /** Digests that are known to have run under this name, whatever the name says. */
  readonly digests?: readonly string[]
}

/** Those of `images` that name the image asked about, or may mean it (S06). */
export function matchingNames<T extends NamedImage>(
  { reference, digest }: AskedImage,
  images: Iterable<T>,
): ReadonlyMap<T, Match> {
  const lookup = new UsageLookup<T>({ host: reference?.host ?? '', aliases: [] })
  for (const named of images) {
    lookup.addImage(named, named.image, named.reference)
    for (const known of named.digests ?? []) lookup.addDigest(named, known)
  }
  // No repository has no name: then the digest alone decides.
  return lookup.find({ repository: reference?.repository ?? '', tag: reference?.tag, digest })
}

/** Whether it is this image, and not one that only seems to be it. */
export function isNamed(match: Match): boolean {
  return match === 'reference' || match === 'digest'
}
