import { kubeletPasswords } from './kubelet-config.ts'
import type { Credential } from './target.ts'

/** As the kubelet writes the host of Docker Hub, whatever an image says. */
const HUB_KEY = 'index.docker.io'
const HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io'])

/**
 * What a kubelet tries for an image of the credentials in a docker config, in its order: every key that matches host, port and the beginning
 * of the repository, the last in the alphabet first (Kubernetes 1.37, pkg/credentialprovider/keyring.go). A part of a host may be a pattern.
 * @param host and `repository` as the pod writes the image
 * @throws SECRET_INVALID where a kubelet cannot read the text, and therefore pulls nothing at all
 */
export function pullKeyring(config: string, host: string, repository: string): readonly Credential[] {
  const image = `${host.toLowerCase()}/${repository}`
  return [...kubeletPasswords(config)]
    .map(([key, credential]) => ({ key: bareKey(key), credential }))
    .filter(({ key }) => matches(key, image) || (key === HUB_KEY && HUB_HOSTS.has(host.toLowerCase())))
    .sort((a, b) => (a.key < b.key ? 1 : a.key > b.key ? -1 : 0))
    .map(({ credential }) => credential)
}

/** Without scheme, and without the path of an API that docker writes. */
function bareKey(key: string): string {
  const bare = key.replace(/^https?:\/\//i, '')
  const slash = bare.indexOf('/')
  if (slash < 0) return bare.toLowerCase()
  const host = bare.slice(0, slash).toLowerCase()
  const path = bare.slice(slash + 1)
  return /^v[12]\//.test(path) || /^v[12]$/.test(path) || path === '' ? host : `${host}/${path}`
}

function matches(key: string, image: string): boolean {
  const [wanted, path] = split(key)
  const [host, repository] = split(image)
  if (!repository.startsWith(path)) return false
  const [wantedName = '', wantedPort] = wanted.split(':')
  const [name = '', port] = host.split(':')
  const wantedParts = wantedName.split('.')
  const parts = name.split('.')
  return (
    wantedPort === port &&
    wantedParts.length === parts.length &&
    wantedParts.every((part, at) => matchesPart(part, parts[at] ?? ''))
  )
}

function split(text: string): [host: string, path: string] {
  const slash = text.indexOf('/')
  return slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)]
}

/** `*` is any run of characters, `?` one. In time linear in both. */
function matchesPart(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const isAt = (piece: string, at: number) =>
    at >= 0 &&
    at + piece.length <= text.length &&
    [...piece].every((c, index) => c === '?' || c === text[at + index])
  if (!isAt(first, 0)) return false
  const last = rest.pop()
  if (last === undefined) return first.length === text.length
  let from = first.length
  for (const piece of rest) {
    while (from + piece.length <= text.length && !isAt(piece, from)) from += 1
    if (!isAt(piece, from)) return false
    from += piece.length
  }
  return text.length - last.length >= from && isAt(last, text.length - last.length)
}
