import { isDigest } from '#inventory/reference.ts'

/** What a container status says it runs. */
export interface RunningImage {
  /** `manifest`: digest of the manifest or index that was pulled. `config`: digest of the image's config (S06). */
  readonly kind: 'manifest' | 'config'
  readonly digest: string
}

const SCHEME = /^[a-z][a-z0-9-]*:\/\//
const BARE_ID = /^[0-9a-f]{64}$/

/**
 * Reads `status.containerStatuses[].imageID` in the spellings of the runtimes: `repo@sha256:…` and
 * `docker-pullable://repo@sha256:…` name what was pulled; `sha256:…`, `docker://sha256:…` and CRI-O's bare 64 hex
 * digits name the config. The repository is not returned: it need not be the one that the pod asked for.
 * @returns undefined where nothing runs yet (empty), or the text names no digest; never throws
 */
export function parseImageID(text: string): RunningImage | undefined {
  const id = text.replace(SCHEME, '')
  const at = id.lastIndexOf('@')
  if (at !== -1) {
    const digest = id.slice(at + 1)
    return isDigest(digest) ? { kind: 'manifest', digest } : undefined
  }
  if (BARE_ID.test(id)) return { kind: 'config', digest: `sha256:${id}` }
  return isDigest(id) ? { kind: 'config', digest: id } : undefined
}
