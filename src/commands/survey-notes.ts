import { counted } from '#catalogue/counted.ts'
import type { MissingContext } from '#commands/open-context.ts'
import type { NamedUses } from '#inventory/cluster-uses.ts'

/** What is said of contexts that could not be read. @param isLeftOut the others are enough */
export function missingNotes(
  missing: readonly MissingContext[],
  { isLeftOut, allowMissing }: { readonly isLeftOut: boolean; readonly allowMissing: boolean },
): string[] {
  const what = isLeftOut ? ' is left out' : ''
  const notes = missing.map(({ name, problem }) => `tallyman: context ${name}${what}: ${problem}`)
  if (isLeftOut) return notes
  const remedy = allowMissing ? '' : ' With --allow-missing, what can be read is printed.'
  return [...notes, `tallyman: nothing is printed, because it would not be complete.${remedy}`]
}

/**
 * What is said of contexts that reach one cluster.
 * @param unidentified contexts that are counted and whose user may not ask which cluster it is
 */
export function duplicateNotes(
  duplicates: readonly { readonly name: string; readonly sameAs: string }[],
  unidentified: readonly string[],
): string[] {
  return [
    ...duplicates.map(
      ({ name, sameAs }) =>
        `tallyman: context ${name} is the same cluster as ${sameAs}, which is counted once.`,
    ),
    ...unidentified.map(
      (name) =>
        `tallyman: context ${name} may be the same cluster as another one: its user may not get namespace kube-system.`,
    ),
  ]
}

export function readNote({ name, uses }: NamedUses): string {
  return `${name}: ${counted(uses.images, 'image')} in ${counted(uses.counters.objects, 'object')}`
}
