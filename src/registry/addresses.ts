import { lookup } from 'node:dns'
import { lookup as lookupAsync } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Link-local: the metadata service of every cloud lives there, a registry or its storage never does. */
const LINK_LOCAL = new BlockList()
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4')
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6')

/** What is not reachable from the internet (IANA special-purpose registries, the parts that route anywhere). */
const PRIVATE = new BlockList()
PRIVATE.addSubnet('0.0.0.0', 8, 'ipv4')
PRIVATE.addSubnet('10.0.0.0', 8, 'ipv4')
PRIVATE.addSubnet('100.64.0.0', 10, 'ipv4')
PRIVATE.addSubnet('127.0.0.0', 8, 'ipv4')
PRIVATE.addSubnet('169.254.0.0', 16, 'ipv4')
PRIVATE.addSubnet('172.16.0.0', 12, 'ipv4')
PRIVATE.addSubnet('192.168.0.0', 16, 'ipv4')
PRIVATE.addSubnet('198.18.0.0', 15, 'ipv4')
PRIVATE.addAddress('::', 'ipv6')
PRIVATE.addAddress('::1', 'ipv6')
PRIVATE.addSubnet('fc00::', 7, 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6')

/** The host of a URL as it is compared: lower case, without port and without the brackets of IPv6. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1')

export function isLinkLocal(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && LINK_LOCAL.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** True for an address that only this machine, cluster or network can reach. False for host names. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && PRIVATE.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** Says of an address whether a name or URL that somebody else gave us may not lead there. Compared by identity. */
export type AddressGuard = (address: string) => boolean

/** A name led to an address that the one who gave us the name may not send us to. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError'
}

/**
 * A `lookup` for sockets that fails where any address of the name is refused. The check stands at the connection itself,
 * so a name that changes its address between check and use gains nothing.
 */
export function guardedLookup(refused: AddressGuard): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0]
      if (error !== null || first === undefined) {
        callback(error ?? new Error(`no address for ${hostname}`), [])
        return
      }
      const bad = addresses.find(({ address }) => refused(address))
      if (bad !== undefined) {
        callback(new ForbiddenAddressError(`${hostname} is at the private address ${bad.address}`), [])
      } else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

/** Whether a host is, or resolves to, a private address. A name that only a proxy can resolve counts as public. */
export async function hasPrivateAddress(host: string): Promise<boolean> {
  if (isIP(host) !== 0) return isPrivateAddress(host)
  try {
    return (await lookupAsync(host, { all: true })).some(({ address }) => isPrivateAddress(address))
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')
    )
      return false
    throw error
  }
}
