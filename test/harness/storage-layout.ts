import { readFileSync } from 'node:fs'
import path from 'node:path'

/** Where the filesystem driver of distribution keeps things (registry/storage/paths.go); the same in 2.x and 3.x. */
export class StorageLayout {
  readonly root: string

  constructor(storageDir: string) {
    this.root = path.join(storageDir, 'docker', 'registry', 'v2')
  }

  repository(name: string): string {
    return path.join(this.root, 'repositories', name)
  }

  blobData(digest: string): string {
    const { algorithm, hex } = splitDigest(digest)
    return path.join(this.root, 'blobs', algorithm, hex.slice(0, 2), hex, 'data')
  }

  layerLink(repository: string, digest: string): string {
    return path.join(this.repository(repository), '_layers', digestPath(digest), 'link')
  }

  revisionLink(repository: string, digest: string): string {
    return path.join(this.repository(repository), '_manifests', 'revisions', digestPath(digest), 'link')
  }

  tag(repository: string, tag: string): string {
    return path.join(this.repository(repository), '_manifests', 'tags', tag)
  }

  tagLink(repository: string, tag: string): string {
    return path.join(this.tag(repository, tag), 'current', 'link')
  }

  /** Every digest that the tag ever had has a link here; deleting a manifest leaves them. */
  tagIndexLink(repository: string, tag: string, digest: string): string {
    return path.join(this.tag(repository, tag), 'index', digestPath(digest), 'link')
  }

  /** The digest that a tag or a digest stands for. */
  resolve(repository: string, reference: string): string {
    if (reference.includes(':')) return reference
    return readFileSync(this.tagLink(repository, reference), 'utf8')
  }
}

function digestPath(digest: string): string {
  const { algorithm, hex } = splitDigest(digest)
  return path.join(algorithm, hex)
}

function splitDigest(digest: string): { algorithm: string; hex: string } {
  const [algorithm, hex] = digest.split(':')
  if (algorithm === undefined || hex === undefined) throw new Error(`not a digest: ${digest}`)
  return { algorithm, hex }
}
