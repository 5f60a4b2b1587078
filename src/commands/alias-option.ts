import { InvalidArgumentError } from 'commander'
import { repeatedRule, splitRule } from '#commands/rule-option.ts'
import type { RegistryAlias } from '#inventory/locate.ts'
import { isHost, isRepository } from '#inventory/reference.ts'

export function aliasOption() {
  return repeatedRule(
    '--alias <host[/prefix][=path]>',
    'another name that pods use for the registry',
    parseAlias,
  )
}

/** `HOST[/PREFIX][=PATH]`: what a Registry calls host, prefix and replaceWith. */
function parseAlias(text: string): RegistryAlias {
  const { name, value: replaceWith } = splitRule(text)
  const [host = '', ...rest] = name.replace(/\/$/, '').split('/')
  const prefix = rest.join('/')
  const arePaths = [prefix, replaceWith].every((path) => path === '' || isRepository(path))
  if (isHost(host) && arePaths) return { host, prefix, replaceWith }
  throw new InvalidArgumentError(
    'must be HOST, HOST/PREFIX or HOST/PREFIX=PATH, such as cache.example.com/hub=library.',
  )
}
