import type { BlobFacts, ManifestFacts, RegistryFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'

/** When the registry of `registryFacts` is read. */
export const READ_AT = Date.UTC(2026, 10, 1)
export const DAY_MS = 86_400_000

/** A digest that everybody can read: `sha256:` and the name in hex digits, filled up. */
export function digestOf(name: string): string {
  return `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`
}

export function blobOf(name: string, size = 100): BlobFacts {
  return { digest: digestOf(`blob ${name}`), size }
}

/** A container image of one layer of its own, built so many days ago, but for what `changes` says otherwise. */
export function imageFacts(
  name: string,
  daysOld: number,
  changes: Partial<ManifestFacts> = {},
): ManifestFacts {
  return {
    digest: digestOf(name),
    kind: 'image',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: undefined,
    size: 1,
    children: [],
    config: blobOf(`config of ${name}`, 10),
    layers: [blobOf(name)],
    created: READ_AT - daysOld * DAY_MS,
    subject: undefined,
    baseName: undefined,
    baseDigest: undefined,
    ...changes,
  }
}

export function indexFacts(name: string, children: readonly ManifestFacts[]): ManifestFacts {
  return imageFacts(name, 0, {
    kind: 'index',
    config: undefined,
    layers: [],
    created: undefined,
    children: children.map(({ digest }) => ({ digest, platform: 'linux/amd64' })),
  })
}

export function artifactFacts(
  name: string,
  artifactType: string,
  changes: Partial<ManifestFacts> = {},
): ManifestFacts {
  return imageFacts(name, 90, { kind: 'artifact', artifactType, ...changes })
}

/** Tags that were pushed and first seen long ago, each on its manifest. */
export function repositoryFacts(
  name: string,
  tags: Readonly<Record<string, ManifestFacts>>,
  changes: Partial<RepositoryFacts> = {},
): RepositoryFacts {
  const bound = Object.entries(tags).map(([tag, { digest }]) => tagFacts(tag, digest))
  return {
    name,
    incomplete: undefined,
    tags: bound.sort((a, b) => (a.tag < b.tag ? -1 : 1)),
    untagged: [],
    ...changes,
  }
}

export function tagFacts(tag: string, digest: string | undefined, changes: Partial<TagFacts> = {}): TagFacts {
  const since = READ_AT - 365 * DAY_MS
  return { tag, digest, digestSince: since, boundSince: since, ...changes }
}

export function registryFacts(
  repositories: readonly RepositoryFacts[],
  manifests: readonly ManifestFacts[],
  changes: Partial<RegistryFacts> = {},
): RegistryFacts {
  return {
    readAt: READ_AT,
    incomplete: undefined,
    repositories: repositories.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    manifests: new Map(manifests.map((manifest) => [manifest.digest, manifest])),
    referrers: new Map(),
    ...changes,
  }
}
