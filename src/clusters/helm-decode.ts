import { gunzipSync } from 'node:zlib'

/** A Secret holds 1 MiB; charts with many files unpack to a few. */
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024

/** What gzip begins with. Releases of Helm 2 days and of some tools are not compressed: those begin with `{`. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b])

/**
 * The JSON text of a Helm release.
 * @param data `data.release` of its Secret as the API server sends it: base64 of what Helm stored, which is base64 too
 * @returns undefined where it is empty, cannot be unpacked, or unpacks to more than 32 MiB; never throws
 */
export function decodeHelmRelease(data: string): string | undefined {
  const stored = Buffer.from(data, 'base64').toString('latin1')
  const bytes = Buffer.from(stored, 'base64')
  if (bytes.length === 0) return undefined
  return bytes.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC) ? unpacked(bytes) : bytes.toString('utf8')
}

function unpacked(bytes: Buffer): string | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}
