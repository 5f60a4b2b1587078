import { createHash } from 'node:crypto'

export { trashTag } from '#retention/trash-tag.ts'

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

/** The repository number `n`, from 1, for copies out of `source`. A name that is too long for that is there by its hash. */
export function trashRepository({ prefix }: TrashPlace, source: string, n: number): string {
  const plain = `${prefix}/${source}`
  if (plain.length <= MAX_REPOSITORY) return `${plain}/${n}`
  return `${prefix}/${createHash('sha256').update(source).digest('hex').slice(0, 40)}/${n}`
}

export function liesInTrash({ prefix }: TrashPlace, repository: string): boolean {
  return repository.startsWith(`${prefix}/`)
}
