import { TallymanError } from '#catalogue/error.ts'
import { type AddressGuard, hostOf, isLinkLocal, isPrivateAddress } from './addresses.ts'
import { safeUrl } from './errors.ts'

/**
 * Where a Location header leads, resolved against the URL that was asked. A registry behind a proxy that does not tell it
 * of TLS writes `http://` with its own host: there https is kept. Everything else that leaves TLS is refused.
 * @throws REGISTRY_REDIRECT
 */
export function resolveLocation(location: string | undefined, from: URL): URL {
  const target = location === undefined ? null : URL.parse(location, from.href)
  if (target === null)
    throw refused(from, location === undefined ? 'without a Location' : 'to what is no URL')
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    throw refused(from, `to ${target.protocol}`)
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    if (hostOf(target) !== hostOf(from)) throw refused(from, `from https to http (${safeUrl(target)})`)
    target.protocol = 'https:'
    target.port = from.port
  }
  target.username = ''
  target.password = ''
  target.hash = ''
  return target
}

/**
 * What stands between us and an address that the registry names (server-side request forgery). Its own host passes. A
 * registry on a private address usually has its storage beside it, so it may name private addresses; a public one may
 * not; link-local ones, where clouds keep their credentials, nobody may.
 * @throws REGISTRY_REDIRECT where the URL itself holds a refused address
 */
export function addressGuard(
  target: URL,
  registry: URL,
  registryIsPrivate: boolean,
): AddressGuard | undefined {
  const host = hostOf(target)
  if (host === hostOf(registry)) return undefined
  const guard = registryIsPrivate ? isLinkLocal : isPrivateAddress
  if (guard(host)) throw refused(registry, `to the private address ${host}`)
  return guard
}

function refused(from: URL, why: string): TallymanError {
  return new TallymanError('REGISTRY_REDIRECT', `${safeUrl(from)} leads ${why}`, {
    details: { url: safeUrl(from) },
  })
}
