import type { Descriptor } from '#registry/descriptor.ts'
import type { Manifest } from '#registry/manifest.ts'
import type { BlobFacts, ChildFacts, ManifestFacts } from '#retention/facts.ts'
import { manifestKind } from '#retention/manifest-kind.ts'

const CREATED = 'org.opencontainers.image.created'
const BASE_NAME = 'org.opencontainers.image.base.name'
const BASE_DIGEST = 'org.opencontainers.image.base.digest'

/** Makes equal texts one string, and equal blobs one object: a registry of 400,000 tags names most of them many times. */
export class SharedFacts {
  readonly #texts = new Map<string, string>()
  readonly #blobs = new Map<string, BlobFacts>()

  text(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    this.#texts.set(text, text)
    return text
  }

  /** Of two sizes for one digest the first counts: the registry holds one blob. */
  blob({ digest, size }: BlobFacts): BlobFacts {
    const known = this.#blobs.get(digest)
    if (known !== undefined) return known
    const blob = { digest, size }
    this.#blobs.set(digest, blob)
    return blob
  }
}

/** What a RegistryPolicy asks of a manifest, but for the date in its config. */
export function policyFacts(manifest: Manifest, shared: SharedFacts): ManifestFacts {
  const { digest, mediaType, size, subject, annotations = {} } = manifest
  const config = manifest.kind === 'image' ? manifest.config : undefined
  const layers = layersOf(manifest)
  const optional = (text: string | undefined) => (text === undefined ? undefined : shared.text(text))
  const { kind, artifactType } = manifestKind({
    isIndex: manifest.kind === 'index',
    artifactType: manifest.artifactType,
    configType: config?.mediaType,
    layerTypes: layers.map((layer) => layer.mediaType),
  })
  return {
    digest: shared.text(digest),
    kind,
    mediaType: shared.text(mediaType),
    artifactType: optional(artifactType),
    size,
    children: manifest.kind === 'index' ? manifest.manifests.map((child) => childFacts(child, shared)) : [],
    config: config === undefined ? undefined : shared.blob(config),
    layers: layers.map((layer) => shared.blob(layer)),
    created: dateOf(annotations[CREATED]),
    subject: optional(subject?.digest),
    baseName: optional(annotations[BASE_NAME]),
    baseDigest: optional(annotations[BASE_DIGEST]),
  }
}

/** ms since the epoch, unchecked; undefined where the text is no date. */
export function dateOf(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) ? undefined : at
}

function layersOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === 'image') return manifest.layers
  return manifest.kind === 'artifact' ? manifest.blobs : []
}

function childFacts({ digest, platform }: Descriptor, shared: SharedFacts): ChildFacts {
  const parts = platform === undefined ? [] : [platform.os, platform.architecture, platform.variant ?? '']
  const name = parts.filter((part) => part !== '').join('/')
  return { digest: shared.text(digest), platform: name === '' ? undefined : shared.text(name) }
}
