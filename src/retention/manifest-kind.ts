import type { ManifestKind } from '#retention/facts.ts'

/** What of a manifest tells its kind. */
export interface KindClues {
  readonly isIndex: boolean
  readonly artifactType: string | undefined
  /** Media type of the config; undefined: it has none. */
  readonly configType: string | undefined
  /** Media types of the layers. */
  readonly layerTypes: readonly string[]
}

const IMAGE_CONFIGS: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])
/** Of images by OCI and Docker, whatever their compression. Windows has foreign and nondistributable ones. */
const IMAGE_LAYER = /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./

/**
 * What a manifest is, and what it says it is where it is no container image. Some things wear the config of an image, as signatures by cosign do: only layers
 * of file systems make an image (one that says nothing of its layers is one).
 */
export function manifestKind({ isIndex, artifactType, configType, layerTypes }: KindClues): {
  readonly kind: ManifestKind
  readonly artifactType: string | undefined
} {
  if (isIndex) return { kind: 'index', artifactType }
  const isImage =
    artifactType === undefined &&
    configType !== undefined &&
    IMAGE_CONFIGS.has(configType) &&
    layerTypes.every((type) => type === '' || IMAGE_LAYER.test(type))
  if (isImage) return { kind: 'image', artifactType: undefined }
  const stated = artifactType ?? (isEmptyConfig(configType) ? undefined : configType)
  return { kind: 'artifact', artifactType: stated ?? layerTypes.find((type) => type !== '') }
}

/** It stands for "no config", or for that of an image that this is not. */
function isEmptyConfig(configType: string | undefined): boolean {
  return configType === 'application/vnd.oci.empty.v1+json' || IMAGE_CONFIGS.has(configType ?? '')
}
