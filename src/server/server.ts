import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import type { Service } from '#runtime/manager.ts'
import type { Metrics } from '#runtime/metrics.ts'
import { type Check, runProbe } from '#server/probes.ts'

/** Paths of one kind. */
export interface Routes {
  readonly register: (app: FastifyInstance) => void
}

export interface ServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** An answer at all says that the event loop turns; these say the rest. */
  readonly live: readonly Check[]
  readonly ready: readonly Check[]
  readonly metrics: Metrics
  /** What is served besides. */
  readonly routes: readonly Routes[]
}

/** Probes, metrics, reports and plans, on every replica whether it leads or not. */
export class Server implements Service {
  readonly #options: ServerOptions
  readonly #app: FastifyInstance

  constructor(options: ServerOptions) {
    this.#options = options
    // A scraper's idle connection must not hold up a shutdown.
    this.#app = fastify({ forceCloseConnections: true, requestTimeout: 10_000 })
    this.#app.get('/healthz', (_, reply) => this.#probe(options.live, reply))
    this.#app.get('/readyz', (_, reply) => this.#probe(options.ready, reply))
    this.#app.get('/metrics', async (_, reply) => {
      reply.type(options.metrics.contentType)
      return await options.metrics.render()
    })
    for (const routes of options.routes) routes.register(this.#app)
  }

  /** Where it listens: `http://127.0.0.1:8080`; empty before start(). */
  get url(): string {
    const address = this.#app.server.address()
    if (address === null || typeof address === 'string') return ''
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return `http://${host}:${address.port}`
  }

  async start(): Promise<void> {
    const { host, port } = this.#options
    await this.#app.listen({ host, port })
  }

  async stop(): Promise<void> {
    await this.#app.close()
  }

  #probe(checks: readonly Check[], reply: FastifyReply): FastifyReply {
    const { ok, text } = runProbe(checks)
    return reply
      .code(ok ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(text)
  }
}
