import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { imageSeries } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'

export const REPOSITORY = 'bench/app'

/** A tag and what it names. */
export type Named = readonly [tag: string, digest: string]

export interface EvictFixture {
  readonly registry: TestRegistry
  /** Oldest first. */
  readonly tags: readonly Named[]
  /** A file that holds them, as JSON. */
  readonly list: string
  /** Manifests that no tag names. */
  readonly untagged: readonly string[]
  /** Gives tags what they named again, behind the back of the registry. */
  retag(tags: readonly Named[]): void
}

/** A registry with one repository of so many tags and so many manifests without one, each with a layer of its own. */
export async function evictFixture(
  version: RegistryVersion,
  shape: { readonly tags: number; readonly untagged: number },
): Promise<EvictFixture> {
  const registry = await startRegistry({ version })
  const writer = new StorageWriter(registry.storageDir)
  const tags: Named[] = []
  const untagged: string[] = []
  const count = shape.tags + shape.untagged
  for (const image of imageSeries({ seed: 'evict', count, sharedLayers: 7, ownLayers: 1 })) {
    const { digest } = image.manifest
    if (untagged.length < shape.untagged) {
      writer.write(REPOSITORY, image)
      untagged.push(digest)
      continue
    }
    const tag = `1.0.${tags.length}`
    writer.write(REPOSITORY, image, tag)
    tags.push([tag, digest])
  }
  const list = path.join(registry.storageDir, 'tags.json')
  await writeFile(list, JSON.stringify(tags))
  const retag = (gone: readonly Named[]) => {
    for (const [tag, digest] of gone) writer.tag(REPOSITORY, digest, tag)
  }
  return { registry, tags, list, untagged, retag }
}
