import { gzipSync } from 'node:zlib'
import { imageManifest } from '#test/harness/images/container-image.ts'
import {
  type Content,
  contentOf,
  type Descriptor,
  descriptorOf,
  jsonContent,
  seededBytes,
  type TestImage,
} from '#test/harness/images/content.ts'
import { OCI_EMPTY, OCI_MANIFEST } from '#test/harness/images/media-types.ts'

/** The two bytes `{}` that stand where an artifact has no config (OCI image spec, manifest.md). */
export const EMPTY_CONFIG: Content = contentOf(Buffer.from('{}'), OCI_EMPTY)

export interface ArtifactOptions {
  readonly seed: string
  /** By default `application/vnd.example.report.v1+json`. */
  readonly artifactType?: string
  /** Bytes of the one blob; by default 200. */
  readonly size?: number
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Artifact extends TestImage {
  readonly artifactType: string
}

/** An OCI 1.1 artifact: empty config, `artifactType`, one blob, and a `subject` where it refers to another manifest. */
export function artifact(options: ArtifactOptions): Artifact {
  const artifactType = options.artifactType ?? 'application/vnd.example.report.v1+json'
  const blob = contentOf(seededBytes(options.seed, options.size ?? 200), artifactType)
  const manifest = jsonContent(
    {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType,
      config: descriptorOf(EMPTY_CONFIG),
      layers: [descriptorOf(blob)],
      ...(options.subject === undefined ? {} : { subject: options.subject }),
      ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    },
    OCI_MANIFEST,
  )
  return { manifest, blobs: [EMPTY_CONFIG, blob], children: [], artifactType }
}

/** A Helm chart as `helm push` stores it: an image manifest whose config is chart metadata. */
export function helmChart(name: string, version: string): TestImage {
  const config = jsonContent(
    { name, version, apiVersion: 'v2', type: 'application' },
    'application/vnd.cncf.helm.config.v1+json',
  )
  const chart = contentOf(
    gzipSync(seededBytes(`${name}-${version}`, 200), { level: 0 }),
    'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
  )
  return {
    manifest: imageManifest(OCI_MANIFEST, config, [chart]),
    blobs: [config, chart],
    children: [],
  }
}
