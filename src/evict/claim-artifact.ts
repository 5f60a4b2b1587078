import { digestOf } from '#registry/digest.ts'
import { EMPTY_DESCRIPTOR } from '#registry/empty-config.ts'
import type { Manifest } from '#registry/manifest.ts'
import { OCI_MANIFEST } from '#registry/media-types.ts'
import type { RawManifest } from './placeholder.ts'

/** What a claim is in a registry: an OCI image manifest with this artifactType, an empty config, and layers that are claim documents. */
const CLAIM_TYPE = 'application/vnd.tallyman.claim.v1'
const USAGE_TYPE = 'application/vnd.tallyman.claim.v1+json'
const INSTALLATION = 'dev.tallyman.claim.installation'
const OPERATOR = 'dev.tallyman.claim.operator'
const PROCESS = 'dev.tallyman.claim.process'
const WRITTEN = 'dev.tallyman.claim.written'
/** The whole of it, and what came since. */
const MAX_LAYERS = 2

/** Who claims a registry. */
export interface ClaimHolder {
  /** UID of the `kube-system` namespace of the cluster that it runs in. */
  readonly installation: string
  /** The namespace of the operator: those of one namespace share a Lease. */
  readonly operator: string
  /** Of one process: with it, two processes that believe to be the same operator can tell each other apart. */
  readonly process: string
}

export interface UsageLayer {
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

/** One writing of a claim. */
export interface Heartbeat {
  readonly holder: ClaimHolder
  /** ms since the epoch, by the clock of the holder: what its layers say was true then. */
  readonly at: number
  /** What the installation uses is what all of them say together. */
  readonly layers: readonly UsageLayer[]
}

/** One for each operator: they never write over each other. */
export function claimTag({ installation, operator }: Pick<ClaimHolder, 'installation' | 'operator'>): string {
  return `${installation}.${operator}`
}

/** The heartbeats of a process differ in their time. */
export function claimManifest({ holder, at, layers }: Heartbeat): RawManifest {
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: CLAIM_TYPE,
    config: EMPTY_DESCRIPTOR,
    layers: layers.map(({ digest, size }) => ({ mediaType: USAGE_TYPE, digest, size })),
    annotations: {
      [INSTALLATION]: holder.installation,
      [OPERATOR]: holder.operator,
      [PROCESS]: holder.process,
      [WRITTEN]: new Date(at).toISOString(),
    },
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  return { digest: digestOf(bytes), mediaType: OCI_MANIFEST, bytes }
}

/** undefined: it is no claim of this version. */
export function readClaimManifest(manifest: Manifest): Heartbeat | undefined {
  if (manifest.kind !== 'image' || manifest.artifactType !== CLAIM_TYPE) return undefined
  const { layers, annotations = {} } = manifest
  const { [INSTALLATION]: installation, [OPERATOR]: operator, [PROCESS]: process } = annotations
  const at = Date.parse(annotations[WRITTEN] ?? '')
  if (installation === undefined || operator === undefined || process === undefined) return undefined
  if (Number.isNaN(at) || layers.length === 0 || layers.length > MAX_LAYERS) return undefined
  if (layers.some(({ mediaType }) => mediaType !== USAGE_TYPE)) return undefined
  return {
    holder: { installation, operator, process },
    at,
    layers: layers.map(({ digest, size }) => ({ digest, size })),
  }
}
