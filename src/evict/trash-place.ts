import { createHash } from 'node:crypto'

/** Trash lies in the registry of its source, so that blobs need not be copied: they are mounted (S19). */
export interface TrashPlace {
  /** `<prefix of the workspace>/trash`. Nothing is copied to, believed or deleted elsewhere. */
  readonly prefix: string
}

/** @param prefix of the workspace */
export function trashBelow(prefix: string): TrashPlace {
  return { prefix: `${prefix}/trash` }
}

/** Tags in one of its repositories at most: a DELETE reads every one of them (S19). */
export const MAX_TAGS = 500
/** Registries take 255 characters; the path of their URL and the number come on top. */
const MAX_REPOSITORY = 200
/** What distribution takes. */
const MAX_TAG = 128

/** The repository number `n`, from 1, for copies out of `source`. A name that is too long for that is there by its hash. */
export function trashRepository({ prefix }: TrashPlace, source: string, n: number): string {
  const plain = `${prefix}/${source}`
  if (plain.length <= MAX_REPOSITORY) return `${plain}/${n}`
  return `${prefix}/${createHash('sha256').update(source).digest('hex').slice(0, 40)}/${n}`
}

/** The tag of a copy. `sha256-…` would be that of a signature (cosign), which follows its subject. */
export function trashTag(digest: string): string {
  return `m-${digest.slice(digest.indexOf(':') + 1)}`.slice(0, MAX_TAG)
}

export function liesInTrash({ prefix }: TrashPlace, repository: string): boolean {
  return repository.startsWith(`${prefix}/`)
}
