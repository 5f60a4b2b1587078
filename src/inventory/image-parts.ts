/** The parts of a reference that stands in several fields; empty: absent. */
export interface ImageParts {
  readonly registry: string
  readonly repository: string
  readonly tag: string
  readonly digest: string
}

/** The fields of a map that are parts of one reference or say how to pull it: none is a reference by itself. */
export const PART_KEYS: ReadonlySet<string> = new Set([
  'registry',
  'repository',
  'tag',
  'digest',
  'pullPolicy',
  'imagePullPolicy',
])

/**
 * `registry/repository:tag@digest` with the parts that are there; undefined without a repository. Separators that a
 * part brings along are not doubled. The parts are not checked: what is wrong in them is wrong in the reference.
 */
export function joinParts(parts: ImageParts): string | undefined {
  const repository = parts.repository.replace(/^\/+/, '')
  if (repository === '') return undefined
  const registry = parts.registry.replace(/(?<!\/)\/+$/, '')
  const digest = parts.digest.replace(/^@/, '')
  return [
    registry === '' ? '' : `${registry}/`,
    repository,
    parts.tag === '' || /^[:@]/.test(parts.tag) ? parts.tag : `:${parts.tag}`,
    digest === '' ? '' : `@${digest}`,
  ].join('')
}

/**
 * A part as it was read: a text, or a number, as a tag without quotes is one in YAML (and 1.10 has lost its zero before
 * anybody could read it here). Anything else reads as absent.
 */
export function partText(part: unknown): string {
  if (typeof part === 'number') return String(part)
  return typeof part === 'string' ? part.trim() : ''
}

/**
 * The reference that a map spells: `{registry, repository, tag, digest}`, as charts and many operators have it, or
 * `{reference}`, as an image volume has it. undefined: neither repository nor reference is a text.
 */
export function referenceOfMap(map: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof map.repository !== 'string') return typeof map.reference === 'string' ? map.reference : undefined
  return joinParts({
    registry: partText(map.registry),
    repository: partText(map.repository),
    tag: partText(map.tag),
    digest: partText(map.digest),
  })
}
