/** On a pod, a workload or its pod template: more images that it needs, in a text that the inventory reads. */
export const KEEP_ANNOTATION = 'tallyman.dev/keep'

/** What the annotation says in several places of one object, each text once and on lines of its own; '' where it is nowhere. */
export function joinKeeps(...texts: readonly string[]): string {
  return [...new Set(texts)].filter((text) => text !== '').join('\n')
}
