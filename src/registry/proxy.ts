import { BlockList, isIP } from 'node:net'
import { hostOf } from './addresses.ts'

/**
 * Whether `url` is reached without the proxy, by the conventions of NO_PROXY: `*`, `host` (and all below it), `.domain`,
 * an address, a CIDR block; each but the last also with `:port`.
 */
export function bypassesProxy(url: URL, noProxy: readonly string[]): boolean {
  const host = hostOf(url)
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return noProxy.some((entry) => matches(entry.trim().toLowerCase(), host, port))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  if (entry.includes('/')) return inBlock(entry, host)
  const [, name = entry, entryPort] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? []
  if (entryPort !== undefined && entryPort !== port) return false
  const bare = name.replace(/^\[(.*)\]$/, '$1').replace(/^\*?\./, '')
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`))
}

function inBlock(block: string, host: string): boolean {
  const [network = '', prefix = ''] = block.split('/')
  const family = isIP(network)
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(prefix)) return false
  const length = Number(prefix)
  if (length > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  list.addSubnet(network, length, family === 4 ? 'ipv4' : 'ipv6')
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
