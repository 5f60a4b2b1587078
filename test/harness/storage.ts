import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { TestImage } from '#test/harness/images.ts'
import { StorageLayout } from '#test/harness/storage-layout.ts'

/**
 * Puts images into a registry's storage folder as if they had been pushed. The registry may run: it reads tags and
 * manifests from disk each time. A blob that is there already stays as it is.
 *
 * The cost is that of new inodes, some twenty an image: a thousand images take 0.3 s on tmpfs and 2 s on ext4, but up
 * to 15 s on ext4 within minutes of removing as many (it searches past recently deleted inodes). TMPDIR decides.
 */
export class StorageWriter {
  readonly #layout: StorageLayout

  constructor(storageDir: string) {
    this.#layout = new StorageLayout(storageDir)
  }

  /** Writes `image` with everything below it and points `tags` to it; without tags it is there by digest only. */
  write(repository: string, image: TestImage, ...tags: readonly string[]): void {
    for (const child of image.children) this.write(repository, child)
    for (const blob of image.blobs) {
      this.#writeBlob(blob.digest, blob.bytes)
      writeLink(this.#layout.layerLink(repository, blob.digest), blob.digest)
    }
    const { digest, bytes } = image.manifest
    this.#writeBlob(digest, bytes)
    writeLink(this.#layout.revisionLink(repository, digest), digest)
    for (const tag of tags) this.tag(repository, digest, tag)
  }

  /** Points a tag to a manifest that the repository has, as a push of it under that name would. */
  tag(repository: string, digest: string, tag: string): void {
    writeLink(this.#layout.tagLink(repository, tag), digest)
    writeLink(this.#layout.tagIndexLink(repository, tag, digest), digest)
  }

  #writeBlob(digest: string, bytes: Uint8Array): void {
    const file = this.#layout.blobData(digest)
    if (!existsSync(file)) writeWithFolder(file, bytes)
  }
}

function writeLink(file: string, digest: string): void {
  writeWithFolder(file, digest)
}

function writeWithFolder(file: string, content: string | Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
}
