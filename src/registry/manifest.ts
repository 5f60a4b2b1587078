import { TallymanError } from '#catalogue/error.ts'
import { type Descriptor, isObject, type JsonObject, readDescriptor, stringsOf } from './descriptor.ts'
import { parseJson } from './json.ts'
import { kindOf, type ManifestKind, OCI_INDEX, OCI_MANIFEST } from './media-types.ts'

/** What containerd, distribution and the registries accept at most. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024

interface ManifestBase {
  /** The digest that was asked for, or that the bytes have. Verified. */
  readonly digest: string
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
  /** Exactly what the registry sent. */
  readonly bytes: Uint8Array
  readonly artifactType?: string
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

/** Whatever has a config and layers: container images, and Helm charts, signatures and other things by their `config.mediaType`. */
export interface ImageManifest extends ManifestBase {
  readonly kind: 'image'
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

export interface IndexManifest extends ManifestBase {
  readonly kind: 'index'
  readonly manifests: readonly Descriptor[]
}

/** The withdrawn OCI artifact manifest: blobs without a config. */
export interface ArtifactManifest extends ManifestBase {
  readonly kind: 'artifact'
  readonly blobs: readonly Descriptor[]
}

export type Manifest = ImageManifest | IndexManifest | ArtifactManifest

/**
 * The manifest that verified bytes hold.
 * @param contentType media type of the answer without parameters: it decides where the body names none (OCI allows that)
 * @param what for messages: `app@sha256:…`
 * @throws REGISTRY_MANIFEST_INVALID no JSON, nested too deep, too many values, type and shape or type and header differ, a bad descriptor;
 *   REGISTRY_MEDIA_TYPE schema 1 or a kind that is not known
 */
export function parseManifest(
  bytes: Uint8Array,
  digest: string,
  contentType: string | undefined,
  what: string,
): Manifest {
  const invalid = (why: string) =>
    new TallymanError('REGISTRY_MANIFEST_INVALID', `The manifest ${what} ${why}`, {
      details: { digest, contentType },
    })
  const body = parseJson(bytes)?.value
  if (!isObject(body)) throw invalid('is no JSON object, is nested too deep, or holds too many values')
  const stated = typeof body.mediaType === 'string' ? body.mediaType : undefined
  const served = contentType === undefined || kindOf(contentType) === undefined ? undefined : contentType
  if (stated !== undefined && served !== undefined && stated !== served) {
    throw invalid(`says it is ${stated.slice(0, 100)}, but is served as ${served}`)
  }
  const shape = shapeOf(body)
  const mediaType =
    stated ??
    served ??
    (shape === 'index' ? OCI_INDEX : shape === 'image' ? OCI_MANIFEST : (contentType ?? ''))
  const kind = kindOf(mediaType)
  if (kind === 'schema1' || shape === 'schema1') {
    throw new TallymanError('REGISTRY_MEDIA_TYPE', `The manifest ${what} is of schema 1`, {
      details: { digest, mediaType },
    })
  }
  if (kind === undefined) {
    const named = mediaType.slice(0, 100) || 'nothing'
    throw new TallymanError(
      'REGISTRY_MEDIA_TYPE',
      `The manifest ${what} is of a kind that is not known: ${named}`,
      {
        details: { digest, mediaType: named },
      },
    )
  }
  // A document that reads as both is an attack on clients that trust one field (CVE-2021-41190).
  if (shape !== kind) throw invalid(`says it is ${mediaType}, but does not have the fields of one`)
  return build(
    kind,
    body,
    { digest, mediaType, size: bytes.byteLength, bytes, ...extras(body, invalid) },
    invalid,
  )
}

function shapeOf(body: JsonObject): ManifestKind | 'mixed' | undefined {
  const isIndex = Array.isArray(body.manifests)
  const isImage = isObject(body.config) || Array.isArray(body.layers)
  if (isIndex && isImage) return 'mixed'
  if (isIndex) return 'index'
  if (isImage) return 'image'
  if (Array.isArray(body.fsLayers) || body.schemaVersion === 1) return 'schema1'
  return kindOf(String(body.mediaType)) === 'artifact' ? 'artifact' : undefined
}

function build(
  kind: 'image' | 'index' | 'artifact',
  body: JsonObject,
  base: ManifestBase,
  invalid: (why: string) => TallymanError,
): Manifest {
  switch (kind) {
    case 'image':
      return {
        kind,
        ...base,
        config: one(body.config, invalid),
        layers: many(body.layers, 'layers', invalid),
      }
    case 'index':
      return { kind, ...base, manifests: many(body.manifests, 'manifests', invalid) }
    case 'artifact':
      return { kind, ...base, blobs: many(body.blobs ?? [], 'blobs', invalid) }
  }
}

function extras(body: JsonObject, invalid: (why: string) => TallymanError): Partial<ManifestBase> {
  const { artifactType, subject, annotations } = body
  return {
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(isObject(subject) ? { subject: one(subject, invalid) } : {}),
    ...(isObject(annotations) ? { annotations: stringsOf(annotations) } : {}),
  }
}

function one(value: unknown, invalid: (why: string) => TallymanError): Descriptor {
  const descriptor = readDescriptor(value)
  if (typeof descriptor === 'string') throw invalid(`is invalid: ${descriptor}`)
  return descriptor
}

function many(value: unknown, field: string, invalid: (why: string) => TallymanError): readonly Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`is invalid: ${field} is no list`)
  return value.map((each) => one(each, invalid))
}
