/**
 * The images that the annotation `tallyman.dev/keep` names: separated by commas or white space, each once. Its length
 * is bounded by Kubernetes (256 KiB for all annotations of an object).
 */
export function keptImages(annotation: string): string[] {
  return [...new Set(annotation.split(/[\s,]+/))].filter((image) => image !== '')
}
