import type { Platform } from '#health/evidence.ts'
import type { Descriptor } from '#registry/descriptor.ts'
import type { Manifest } from '#registry/manifest.ts'

/** A blob that a manifest names. */
export interface NamedBlob {
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

/** What a check needs of a manifest. True of its digest for ever; that the registry still has it is another question. */
export interface ManifestFacts {
  readonly digest: string
  readonly isIndex: boolean
  readonly config: NamedBlob | undefined
  /** Without those that have URLs of their own: these need not be in the registry. */
  readonly layers: readonly NamedBlob[]
  readonly children: readonly { readonly digest: string; readonly platform: Platform | undefined }[]
  /** Its annotation `org.opencontainers.image.created`, as written. */
  readonly created: string | undefined
}

const CREATED = 'org.opencontainers.image.created'

export function factsOf(manifest: Manifest): ManifestFacts {
  const { digest, annotations } = manifest
  const rest = { digest, isIndex: manifest.kind === 'index', created: annotations?.[CREATED] }
  if (manifest.kind === 'index') {
    const children = manifest.manifests.map((child) => ({
      digest: child.digest,
      platform: platformOf(child),
    }))
    return { ...rest, config: undefined, layers: [], children }
  }
  if (manifest.kind === 'artifact') {
    return { ...rest, config: undefined, layers: manifest.blobs.map(named), children: [] }
  }
  const layers = manifest.layers.filter(({ urls }) => urls === undefined || urls.length === 0).map(named)
  return { ...rest, config: named(manifest.config), layers, children: [] }
}

function named({ digest, size }: Descriptor): NamedBlob {
  return { digest, size }
}

function platformOf({ platform }: Descriptor): Platform | undefined {
  if (platform === undefined) return undefined
  const { os, architecture, variant } = platform
  return { os, architecture, variant }
}
