import { z } from 'zod'

const SHA256 = /^[0-9a-f]{64}$/

/**
 * The published SHA-256 of `file`, from one of the forms that releases publish: the bare hash, lines of `sha256sum`
 * (`<hash>  <name>` or `<hash> *<name>`), or GitHub's answer about a release (assets with `digest: sha256:…`).
 * @returns 64 hexadecimal digits, or undefined where the text names none for this file
 */
export function publishedChecksum(text: string, file: string): string | undefined {
  const trimmed = text.replaceAll('\0', '').trim()
  if (trimmed.startsWith('{')) return fromGithub(trimmed, file)
  if (SHA256.test(trimmed.toLowerCase())) return trimmed.toLowerCase()
  for (const line of trimmed.split('\n')) {
    const [hash = '', name = ''] = line.trim().split(/\s+/)
    const isHash = SHA256.test(hash.toLowerCase())
    if (isHash && name.replace(/^\*/, '').split('/').at(-1) === file) return hash.toLowerCase()
  }
  return undefined
}

const githubRelease = z.object({
  assets: z.array(z.object({ name: z.string(), digest: z.string().nullish() })),
})

function fromGithub(text: string, file: string): string | undefined {
  const release = githubRelease.parse(JSON.parse(text))
  const digest = release.assets.find((asset) => asset.name === file)?.digest ?? ''
  const hash = digest.replace(/^sha256:/, '')
  return SHA256.test(hash) ? hash : undefined
}
