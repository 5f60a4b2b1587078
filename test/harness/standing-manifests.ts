import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { StorageLayout } from '#test/harness/storage-layout.ts'

/** The digests of all manifests that a repository has, with a tag or without, as they lie on disk; sorted. */
export function standingManifests(storageDir: string, repository: string): string[] {
  const revisions = path.join(
    new StorageLayout(storageDir).repository(repository),
    '_manifests/revisions/sha256',
  )
  return readdirSync(revisions)
    .filter((hex) => statSync(path.join(revisions, hex, 'link'), { throwIfNoEntry: false })?.isFile())
    .map((hex) => `sha256:${hex}`)
    .sort()
}
