import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { HOSTILE_MODES, type HostileMode, type HostileRepository } from './hostile-registry/modes.ts'
import { CONFIG, HONEST_MANIFEST, LAYER, sendJson, sendManifest } from './hostile-registry/reply.ts'

export type { HostileRepository } from './hostile-registry/modes.ts'

export interface HostileRegistryOptions {
  /** What `_catalog` answers: a new cursor for ever (default), the same cursor for ever, or the honest list. */
  readonly catalog?: 'endless' | 'circling' | 'honest'
  /** Where redirects and token realms lead that no client may follow. Default: a cloud's metadata address. */
  readonly privateAddress?: string
}

/** A visit to the canary: whoever comes was led to another origin. */
export interface CanaryVisit {
  readonly method: string
  readonly path: string
  readonly authorized: boolean
}

/** A registry that lies. Each repository is named after its lie and otherwise honest, with one tag, `latest`. */
export interface HostileRegistry {
  readonly url: string
  readonly host: string
  readonly repositories: readonly HostileRepository[]
  /** Another origin, which redirects, realms and next pages named `foreign` lead to. */
  readonly canary: { readonly url: string; readonly visits: readonly CanaryVisit[] }
  readonly requests: number
  /** Bytes written to all clients so far: how soon did the client stop reading? */
  readonly bytesSent: number
  readonly openConnections: number
  stop(): Promise<void>
}

/** Another host, not just another port: what is meant for the registry's own host may go to any port of it. */
const CANARY_IP = '127.0.0.2'

/** Starts a hostile registry and its canary on free loopback ports. */
export async function startHostileRegistry(options: HostileRegistryOptions = {}): Promise<HostileRegistry> {
  const { catalog = 'endless', privateAddress = 'http://169.254.169.254' } = options
  const repositories = Object.keys(HOSTILE_MODES).filter(isHostile)
  const visits: CanaryVisit[] = []
  const canary = await listen((request, response) => {
    const authorized = request.headers.authorization !== undefined
    visits.push({ method: request.method ?? '', path: request.url ?? '', authorized })
    response.writeHead(404).end()
  }, CANARY_IP)
  const registry = await listen((request, response) => {
    const url = new URL(request.url ?? '/', registry.url)
    if (url.pathname === '/v2/') return sendJson(response, {})
    if (url.pathname === '/v2/_catalog') return sendCatalog(url, response, catalog, repositories)
    const gone = new AbortController()
    response.once('close', () => gone.abort(new Error('the client left')))
    const visit = { url, response, signal: gone.signal, canary: canary.url, privateAddress }
    const reply = replyFor(url.pathname)
    if (reply === undefined) return void response.writeHead(404).end()
    void Promise.resolve(reply(visit)).catch((error: unknown) => {
      if (!gone.signal.aborted) throw error
    })
  })
  return {
    url: registry.url,
    host: new URL(registry.url).host,
    repositories,
    canary: { url: canary.url, visits },
    get requests() {
      return registry.requests
    },
    get bytesSent() {
      return registry.bytesSent
    },
    get openConnections() {
      return registry.openConnections
    },
    stop: async () => {
      await Promise.all([registry.stop(), canary.stop()])
    },
  }
}

function isHostile(name: string): name is HostileRepository {
  return name in HOSTILE_MODES
}

type ModeReply = NonNullable<HostileMode['tags']>

/** `/v2/<mode>/(tags/list|manifests/…|blobs/…)`: the mode's lie, or what an honest registry answers. */
function replyFor(path: string): ModeReply | undefined {
  const [, name = '', what = ''] = /^\/v2\/([^/]+)\/(tags|manifests|blobs)\//.exec(path) ?? []
  if (!isHostile(name)) return undefined
  const mode: HostileMode = HOSTILE_MODES[name]
  if (what === 'tags') return mode.tags ?? (({ response }) => sendJson(response, { name, tags: ['latest'] }))
  if (what === 'manifests')
    return mode.manifest ?? (({ response }) => sendManifest(response, HONEST_MANIFEST))
  return mode.blob ?? (({ url, response }) => sendBlob(url.pathname, response))
}

function sendBlob(path: string, response: ServerResponse): void {
  const blob = [CONFIG, LAYER].find(({ digest }) => path.endsWith(digest))
  if (blob === undefined) return void response.writeHead(404).end()
  response.writeHead(200, { 'Content-Length': blob.bytes.length, 'Docker-Content-Digest': blob.digest })
  response.end(blob.bytes)
}

function sendCatalog(
  url: URL,
  response: ServerResponse,
  catalog: 'endless' | 'circling' | 'honest',
  repositories: readonly string[],
): void {
  if (catalog === 'honest') {
    sendJson(response, { repositories })
    return
  }
  const next = catalog === 'circling' ? 1 : Number(url.searchParams.get('last') ?? 0) + 1
  const page = Array.from({ length: 100 }, (_, index) => `team-${next}/app-${index}`)
  sendJson(response, { repositories: page }, { Link: `</v2/_catalog?last=${next}>; rel="next"` })
}

interface Listening {
  readonly url: string
  readonly requests: number
  readonly bytesSent: number
  readonly openConnections: number
  stop(): Promise<void>
}

async function listen(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  ip = '127.0.0.1',
): Promise<Listening> {
  const open = new Set<Socket>()
  let requests = 0
  let bytesOfClosed = 0
  const server = http.createServer((request, response) => {
    requests += 1
    request.resume()
    listener(request, response)
  })
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      bytesOfClosed += socket.bytesWritten
    })
  })
  server.listen(0, ip)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new Error('the hostile registry listens on no TCP port')
  return {
    url: `http://${ip}:${address.port}`,
    get requests() {
      return requests
    },
    get bytesSent() {
      return [...open].reduce((sum, socket) => sum + socket.bytesWritten, bytesOfClosed)
    },
    get openConnections() {
      return open.size
    },
    stop: async () => {
      const gone = [...open].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await Promise.all([closed, ...gone])
    },
  }
}
