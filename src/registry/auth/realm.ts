import { TallymanError } from '#catalogue/error.ts'
import { type AddressGuard, hostOf, isPrivateAddress } from '../addresses.ts'
import { safeUrl } from '../errors.ts'

/** A token server that credentials may be sent to. */
export interface Realm {
  readonly url: URL
  /** Stands between its name and the connection; undefined where the address does not matter. */
  readonly guard: AddressGuard | undefined
}

/**
 * Whether the realm of a challenge may get credentials. The registry names it, so a hostile or broken registry names
 * what it likes: it must speak https unless the registry itself does not, and must not be on a private address unless on
 * the registry's own host. Origins in `trustedRealms` are the user's word and pass.
 * @throws REGISTRY_REALM_UNTRUSTED
 */
export function acceptRealm(realm: string, registry: URL, trustedRealms: readonly string[]): Realm {
  const url = URL.parse(realm)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw untrusted(registry, 'a token server that is no http URL')
  }
  url.username = ''
  url.password = ''
  if (trustedRealms.some((each) => URL.parse(each)?.origin === url.origin)) return { url, guard: undefined }
  if (url.protocol === 'http:' && registry.protocol === 'https:') {
    throw untrusted(registry, `the token server ${safeUrl(url)}, which does not use TLS`)
  }
  const host = hostOf(url)
  if (host === hostOf(registry)) return { url, guard: undefined }
  if (isPrivateAddress(host)) {
    throw untrusted(registry, `the token server ${safeUrl(url)}, which is on a private address`)
  }
  return { url, guard: isPrivateAddress }
}

function untrusted(registry: URL, what: string): TallymanError {
  return new TallymanError('REGISTRY_REALM_UNTRUSTED', `${registry.host} names ${what}`, {
    details: { registry: registry.host },
  })
}
