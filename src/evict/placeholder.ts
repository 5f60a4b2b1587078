import type { Manifest } from '#registry/client.ts'
import { digestOf } from '#registry/digest.ts'
import { OCI_INDEX } from '#registry/media-types.ts'

const NONCE = 'dev.tallyman.placeholder'

export interface RawManifest {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/**
 * A manifest that nobody else has and that no runtime takes for an image: an index without entries. A manifest without layers would be pulled
 * and would stay on the node (S17); containerd refuses this one.
 * @param nonce makes it another one than all others
 */
export function placeholder(nonce: string): RawManifest {
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], annotations: { [NONCE]: nonce } }
  const bytes = Buffer.from(JSON.stringify(index))
  return { digest: digestOf(bytes), mediaType: OCI_INDEX, bytes }
}

/** Whether somebody has written it over a tag that was to go. */
export function isPlaceholder(manifest: Manifest): boolean {
  return (
    manifest.kind === 'index' &&
    manifest.manifests.length === 0 &&
    manifest.annotations?.[NONCE] !== undefined
  )
}
