import { imageSeries } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { type Wanted, wantedScript } from '../support/wrk.ts'

export interface ScanFixture {
  readonly registry: TestRegistry
  readonly tags: number
  /** Images in use: one of each repository but every fifth, without the host of the registry. */
  readonly used: readonly string[]
  /** For wrk: the manifest of every tag, then its config, as a scan asks for them. */
  readonly luaScript: string
}

/** A registry 3 over TLS in which every tag has a digest of its own. Layers are named and not there: a scan opens none. */
export async function scanFixture(repositories: number, tagsEach: number): Promise<ScanFixture> {
  const registry = await startRegistry({ version: '3', tls: true })
  const writer = new StorageWriter(registry.storageDir)
  const wanted: Wanted[] = []
  const used: string[] = []
  for (let number = 0; number < repositories; number += 1) {
    const repository = `team-${number % 20}/app-${number}`
    const last = `1.0.${tagsEach - 1}`
    if (number % 5 > 0) used.push(`${repository}:${last}`)
    let build = 0
    for (const image of imageSeries({ seed: repository, count: tagsEach, sharedLayers: 7, ownLayers: 1 })) {
      const tag = `1.0.${build}`
      const [config] = image.blobs
      if (config === undefined) throw new Error(`${repository}:${tag} has no config`)
      writer.write(repository, { ...image, blobs: [config] }, tag)
      wanted.push({ path: `/v2/${repository}/manifests/${tag}` })
      wanted.push({ path: `/v2/${repository}/blobs/${config.digest}` })
      build += 1
    }
  }
  const luaScript = await wantedScript(registry, wanted)
  return { registry, tags: wanted.length / 2, used, luaScript }
}
