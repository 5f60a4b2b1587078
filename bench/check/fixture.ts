import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { imageSeries } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { type Wanted, wantedScript } from '../support/wrk.ts'

export const CONNECTIONS = 16

export interface FixtureShape {
  readonly repositories: number
  readonly imagesEach: number
  /** Layers of a repository that all of its images have, and those that only one has. */
  readonly sharedLayers: number
  readonly ownLayers: number
}

export interface CheckFixture {
  readonly registry: TestRegistry
  /** A file that names all images, one `repository:tag` a line. */
  readonly list: string
  readonly images: number
  /** Tags + distinct manifests and blobs of each repository; a manifest that only its tag names is asked for by it. */
  readonly minimum: number
  /** For wrk: walks everything that has to be asked for once to know that all of it is whole. */
  readonly luaScript: string
}

/** A registry 3 over TLS with so many images, written into its storage. */
export async function checkFixture(shape: FixtureShape): Promise<CheckFixture> {
  const { repositories, imagesEach, sharedLayers, ownLayers } = shape
  const registry = await startRegistry({ version: '3', tls: true })
  const writer = new StorageWriter(registry.storageDir)
  const names: string[] = []
  const wanted: Wanted[] = []
  for (let number = 0; number < repositories; number += 1) {
    const repository = `team-${number % 10}/app-${number}`
    const blobs = new Map<string, number>()
    let build = 0
    for (const image of imageSeries({ seed: repository, count: imagesEach, sharedLayers, ownLayers })) {
      const tag = `v1.${build}`
      writer.write(repository, image, tag)
      names.push(`${repository}:${tag}`)
      wanted.push({ path: `/v2/${repository}/manifests/${tag}` })
      for (const { digest, bytes } of image.blobs) blobs.set(digest, bytes.length)
      build += 1
    }
    for (const [digest, size] of blobs) {
      wanted.push({ path: `/v2/${repository}/blobs/${digest}`, range: `bytes=${size - 1}-${size - 1}` })
    }
  }
  const list = path.join(registry.storageDir, 'images.txt')
  await writeFile(list, names.join('\n'))
  const luaScript = await wantedScript(registry, wanted)
  return { registry, list, images: names.length, minimum: wanted.length, luaScript }
}
