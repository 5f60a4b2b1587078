import { createHash } from 'node:crypto'
import type { BlobFacts, ManifestFacts, RegistryFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'
import { imageUse } from '#test/harness/image-use.ts'

const HOST = 'registry.example'
const HOUR = 3_600_000
/** Of a base image that all images of a repository are built on. */
const SHARED_LAYERS = 7
const NO_CHILDREN: readonly [] = []

export interface Population {
  readonly facts: RegistryFacts
  /** Two images of each repository but every fifth, which nobody uses. */
  readonly used: readonly ReturnType<typeof imageUse>[]
  readonly host: string
}

/** Single-platform images, every one with a digest, a config and a layer of its own, as a registry has them that was never cleaned up. */
export function population(repositories: number, tagsEach: number, now: number): Population {
  const manifests = new Map<string, ManifestFacts>()
  const all: RepositoryFacts[] = []
  const used: ReturnType<typeof imageUse>[] = []
  for (let r = 0; r < repositories; r += 1) {
    const name = `team-${String(r % 20).padStart(2, '0')}/app-${String(r).padStart(4, '0')}`
    const base = Array.from({ length: SHARED_LAYERS }, (_, n) => blob(`base ${r % 40} ${n}`, 30_000_000))
    const tags: TagFacts[] = []
    for (let t = 0; t < tagsEach; t += 1) {
      const digest = digestOf(`${name} ${t}`)
      const built = now - (tagsEach - t) * HOUR
      manifests.set(digest, image(digest, base.concat(blob(`${name} layer ${t}`, 5_000_000)), built))
      tags.push({
        tag: flat(`1.0.${String(t).padStart(6, '0')}`),
        digest,
        digestSince: built,
        boundSince: built,
      })
    }
    all.push({ name, incomplete: undefined, tags, untagged: [] })
    if (r % 5 === 0) continue
    for (const t of [tagsEach - 5, tagsEach - 20])
      used.push(imageUse(`${HOST}/${name}:${tags[t]?.tag ?? ''}`))
  }
  all.sort((a, b) => (a.name < b.name ? -1 : 1))
  const facts = {
    readAt: now - HOUR,
    incomplete: undefined,
    repositories: all,
    manifests,
    referrers: new Map(),
  }
  return { facts, used, host: HOST }
}

function image(digest: string, layers: readonly BlobFacts[], created: number): ManifestFacts {
  return {
    digest,
    kind: 'image',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: undefined,
    size: 1_800,
    children: NO_CHILDREN,
    config: blob(`config of ${digest}`, 4_000),
    layers,
    created,
    subject: undefined,
    baseName: undefined,
    baseDigest: undefined,
  }
}

function blob(text: string, size: number): BlobFacts {
  return { digest: digestOf(text), size }
}

function digestOf(text: string): string {
  return flat(`sha256:${createHash('sha256').update(text).digest('hex')}`)
}

/** One text of its own, as parsing JSON makes them, and not one that is put together from others. */
function flat(text: string): string {
  return Buffer.from(text).toString('latin1')
}
