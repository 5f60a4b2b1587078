import { createHash } from 'node:crypto'
import type { Manifest } from '#registry/client.ts'
import { EMPTY_DESCRIPTOR } from '#registry/empty-config.ts'

/** Of the manifest of what is kept: the digest of what it says, apart from when it was said. */
export const CONTENT_ANNOTATION = 'dev.tallyman.report.content'
/** Of the manifest: how many were kept up to this one. */
export const SEQUENCE_ANNOTATION = 'dev.tallyman.report.sequence'
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** A file of an artifact: a layer that any OCI client stores by its title. */
export interface FileDescriptor {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly annotations: { readonly 'org.opencontainers.image.title': string }
}

/** What was kept, as its manifest says. */
export interface KeptContent {
  /** Of the manifest. */
  readonly digest: string
  /** Of what it says (CONTENT_ANNOTATION). */
  readonly content: string
  readonly sequence: number
}

/** An OCI image manifest with this artifactType, an empty config, and a layer for each file. The same files give the same bytes. */
export function artifactManifest(parts: {
  readonly artifactType: string
  readonly files: readonly FileDescriptor[]
  readonly annotations: Readonly<Record<string, string>>
}): { readonly bytes: Buffer; readonly mediaType: string; readonly digest: string } {
  const { artifactType, files, annotations } = parts
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType,
    config: EMPTY_DESCRIPTOR,
    layers: files,
    annotations,
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  return { bytes, mediaType: OCI_MANIFEST, digest: sha256(bytes) }
}

/** undefined: it is nothing of this type that we could have written. */
export function keptContent(
  { artifactType, annotations = {}, digest }: Manifest,
  wanted: string,
): KeptContent | undefined {
  const content = annotations[CONTENT_ANNOTATION]
  const sequence = Number(annotations[SEQUENCE_ANNOTATION])
  if (artifactType !== wanted || content === undefined) return undefined
  return Number.isSafeInteger(sequence) && sequence > 0 ? { digest, content, sequence } : undefined
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
