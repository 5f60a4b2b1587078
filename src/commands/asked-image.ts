import { formatReference, type ImageReference, isDigest, parseReference } from '#inventory/reference.ts'

/** An image that somebody asks about. */
export interface AskedImage {
  /** In full, as a kubelet understands it; a digest alone as it is. */
  readonly text: string
  /** undefined: a digest alone, in whatever repository. */
  readonly reference: ImageReference | undefined
  readonly digest: string | undefined
}

/** Reads a reference, or a digest alone. @returns undefined where it is neither */
export function parseAskedImage(text: string): AskedImage | undefined {
  if (isDigest(text)) return { text, reference: undefined, digest: text }
  // A digest that was cut off would be a legal tag of an image called sha256.
  if (/^sha\d+:/.test(text)) return undefined
  const reference = parseReference(text)
  if (reference === undefined) return undefined
  return { text: formatReference(reference), reference, digest: reference.digest }
}
