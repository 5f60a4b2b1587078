const HEX_SHOWN = 12

/** `sha256:0123456789ab`, for people. */
export function shortDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 1 + HEX_SHOWN)
}
