import { repositoryBelow } from '#registry/repository-below.ts'

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

/** The repository number `n`, from 1, for copies out of `source`. */
export function trashRepository({ prefix }: TrashPlace, source: string, n: number): string {
  return `${repositoryBelow(prefix, source)}/${n}`
}

export function liesInTrash({ prefix }: TrashPlace, repository: string): boolean {
  return repository.startsWith(`${prefix}/`)
}
