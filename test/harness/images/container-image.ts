import {
  type Content,
  descriptorOf,
  jsonContent,
  type Platform,
  type TestImage,
} from '#test/harness/images/content.ts'
import { layerContent, programLayer, seededLayer } from '#test/harness/images/layer.ts'
import { type Family, MEDIA_TYPES } from '#test/harness/images/media-types.ts'

/** The file in a layer. Two layers of the same seed and size are the same blob, in whatever image they lie. */
export interface LayerSpec {
  readonly seed: string
  readonly size: number
}

export interface ContainerImageOptions {
  /** Names the image's content: another seed is another image. */
  readonly seed: string
  readonly family?: Family
  /** From the base upwards; by default two layers of 512 and 256 bytes that no other seed shares. */
  readonly layers?: readonly LayerSpec[]
  readonly platform?: Platform
  /** Its topmost layer is the program that its config starts, which does nothing until it is killed. Default false. */
  readonly runnable?: boolean
  /** RFC 3339, written to the config as it is, however absurd; null leaves it out. By default a day in 2026. */
  readonly created?: string | null
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export const LINUX_AMD64: Platform = { os: 'linux', architecture: 'amd64' }

/** A container image for one platform: config and gzip tar layers that a runtime can unpack. */
export function containerImage(options: ContainerImageOptions): TestImage {
  const types = MEDIA_TYPES[options.family ?? 'oci']
  const { architecture } = options.platform ?? LINUX_AMD64
  const program = options.runnable ? [programLayer(options.seed, architecture)] : []
  const layers = [...layersOf(options).map(({ seed, size }) => seededLayer(seed, size)), ...program]
  const layerContents = layers.map((layer) => layerContent(layer, types.layer))
  const config = configOf(
    options,
    layers.map((layer) => layer.diffId),
    types.config,
  )
  return {
    manifest: imageManifest(types.manifest, config, layerContents, options.annotations),
    blobs: [config, ...layerContents],
    children: [],
  }
}

function layersOf(options: ContainerImageOptions): readonly LayerSpec[] {
  return (
    options.layers ?? [
      { seed: `${options.seed}/base`, size: 512 },
      { seed: `${options.seed}/app`, size: 256 },
    ]
  )
}

function configOf(options: ContainerImageOptions, diffIds: readonly string[], mediaType: string): Content {
  const created = options.created === undefined ? '2026-01-15T12:00:00Z' : options.created
  const date = created === null ? {} : { created }
  return jsonContent(
    {
      ...date,
      ...(options.platform ?? LINUX_AMD64),
      config: { Entrypoint: ['/app'], Env: [`SEED=${options.seed}`], Labels: options.labels ?? {} },
      rootfs: { type: 'layers', diff_ids: diffIds },
      // docker-registry 2.8 converts to schema 1 only where every layer has its history.
      history: diffIds.map((_, step) => ({ ...date, created_by: `step ${step}` })),
    },
    mediaType,
  )
}

/** An OCI image manifest or Docker schema 2 manifest over given blobs. */
export function imageManifest(
  mediaType: string,
  config: Content,
  layers: readonly Content[],
  annotations?: Readonly<Record<string, string>>,
): Content {
  return jsonContent(
    {
      schemaVersion: 2,
      mediaType,
      config: descriptorOf(config),
      layers: layers.map(descriptorOf),
      ...(annotations === undefined ? {} : { annotations }),
    },
    mediaType,
  )
}
