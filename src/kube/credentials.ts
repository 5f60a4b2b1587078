import type { Agent } from 'node:https'
import {
  type Cluster,
  type DispatcherOptions,
  HttpMethod,
  KubeConfig,
  RequestContext,
} from '@kubernetes/client-node'
import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { type KubeconfigSource, loadKubeconfig } from './kubeconfig.ts'

/** What one request needs: headers that authenticate it, and how to connect (CA, client certificate, proxy). */
export interface Access {
  readonly headers: Readonly<Record<string, string>>
  readonly connect: DispatcherOptions
  /** Counts up with every refresh: tells whether a refused request had already the newest credentials. */
  readonly generation: number
}

/** A credential that is refused for good is not asked for again (a program run, files read) more often than this. */
const REFRESH_PAUSE_MS = 5_000

/**
 * client-node's KubeConfig, kept from making a connection pool per request: it would open a TLS connection for each
 * (operator-practice §3.1). How it would connect is taken from it, and ours is built once.
 */
class SharedPoolConfig extends KubeConfig {
  connect: DispatcherOptions = { type: 'none' }

  override createDispatcherOptions(cluster: Cluster | null, options: Agent['options']): DispatcherOptions {
    this.connect = super.createDispatcherOptions(cluster, options)
    return { type: 'none' }
  }
}

/** The credentials of one cluster. Token files are read again every minute, expired tokens of programs asked for again. */
export class Credentials {
  readonly #source: KubeconfigSource
  readonly #clock: Clock
  #config: SharedPoolConfig
  #generation = 0
  #refreshedAt = Number.NEGATIVE_INFINITY

  /** @throws KUBE_CONFIG_INVALID */
  constructor(source: KubeconfigSource, clock: Clock) {
    this.#source = source
    this.#clock = clock
    this.#config = loadKubeconfig(new SharedPoolConfig(), source)
  }

  /** The name of the context. */
  get name(): string {
    return this.#config.getCurrentContext()
  }

  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? ''
  }

  /** @throws KUBE_UNAUTHORIZED when a token file cannot be read or a credential program fails */
  async access(): Promise<Access> {
    const config = this.#config
    const generation = this.#generation
    const context = new RequestContext(this.server, HttpMethod.GET)
    try {
      await config.applySecurityAuthentication(context)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (message.startsWith('HTTP protocol is not allowed')) {
        throw new TallymanError(
          'KUBE_CONFIG_INVALID',
          `${this.server}: http:// needs insecure-skip-tls-verify`,
        )
      }
      // What a credential program says may hold a secret; which file cannot be read does not.
      const why = error instanceof Error && 'path' in error ? `: ${message}` : ''
      throw new TallymanError('KUBE_UNAUTHORIZED', `No credentials for ${this.name}${why}`, { cause: error })
    }
    // A token file that was written by hand ends with a newline, which no header may hold.
    const headers = Object.entries(context.getHeaders()).map(([name, value]) => [name, value.trim()])
    return { headers: Object.fromEntries(headers), connect: config.connect, generation }
  }

  /**
   * After a 401: reads the kubeconfig, token files and credential programs anew.
   * @returns true when the refused request is worth a second try
   */
  refresh(refused: Access): boolean {
    if (refused.generation !== this.#generation) return true
    const now = this.#clock.monotonic()
    if (now - this.#refreshedAt < REFRESH_PAUSE_MS) return false
    this.#refreshedAt = now
    this.#config = loadKubeconfig(new SharedPoolConfig(), this.#source)
    this.#generation += 1
    return true
  }
}
