import { isIP } from 'node:net'
import { hostOf } from './addresses.ts'
import type { ProxySettings } from './target.ts'

/**
 * The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for a URL; lower-case names win, as with curl. This machine itself is reached
 * directly, as Go programs (docker, crane, skopeo) do.
 */
export function proxyFromEnvironment(
  url: URL,
  env: Readonly<Record<string, string | undefined>>,
): ProxySettings | undefined {
  if (isLoopback(hostOf(url))) return undefined
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined
  const proxy = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
  if (proxy === undefined) return undefined
  const noProxy = read('NO_PROXY')
    ?.split(',')
    .filter((entry) => entry.trim() !== '')
  return { url: proxy, noProxy }
}

/** This machine, by address or by name. @param host as `hostOf` gives it */
export function isLoopback(host: string): boolean {
  if (isIP(host) !== 0) return host === '::1' || host.startsWith('127.')
  return host === 'localhost' || host.endsWith('.localhost')
}
