import { attestationFor } from '#test/harness/images/attestation.ts'
import {
  type ContainerImageOptions,
  containerImage,
  LINUX_AMD64,
} from '#test/harness/images/container-image.ts'
import {
  type Descriptor,
  descriptorOf,
  type IndexEntry,
  jsonContent,
  type Platform,
  type TestImage,
} from '#test/harness/images/content.ts'
import { type Family, MEDIA_TYPES } from '#test/harness/images/media-types.ts'

/** An OCI index or Docker manifest list over `entries`, in their order; it may be empty. */
export function imageIndex(
  family: Family,
  entries: readonly IndexEntry[],
  annotations?: Readonly<Record<string, string>>,
): TestImage {
  const mediaType = MEDIA_TYPES[family].index
  const manifest = jsonContent(
    {
      schemaVersion: 2,
      mediaType,
      manifests: entries.map(entryDescriptor),
      ...(annotations === undefined ? {} : { annotations }),
    },
    mediaType,
  )
  return { manifest, blobs: [], children: entries.map((entry) => entry.image) }
}

function entryDescriptor({ image, platform, annotations }: IndexEntry): Descriptor {
  return {
    ...descriptorOf(image.manifest),
    ...(annotations === undefined ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform }),
  }
}

export interface MultiPlatformOptions extends Omit<ContainerImageOptions, 'layers' | 'platform'> {
  /** By default linux/amd64 and linux/arm64/v8. */
  readonly platforms?: readonly Platform[]
  /** Adds an attestation to each platform, as Buildx does. OCI only. */
  readonly attestations?: boolean
}

export const TWO_PLATFORMS: readonly Platform[] = [
  LINUX_AMD64,
  { os: 'linux', architecture: 'arm64', variant: 'v8' },
]

/** One image for several platforms: an index whose children differ in every blob. */
export function multiPlatformImage(options: MultiPlatformOptions): TestImage {
  const children = (options.platforms ?? TWO_PLATFORMS).map((platform): IndexEntry => {
    const name = [platform.os, platform.architecture, platform.variant].join('/')
    return { image: containerImage({ ...options, seed: `${options.seed}/${name}`, platform }), platform }
  })
  const attestations = options.attestations ? children.map(({ image }) => attestationFor(image)) : []
  return imageIndex(options.family ?? 'oci', [...children, ...attestations])
}
