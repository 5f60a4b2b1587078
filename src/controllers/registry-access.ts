import { hasCode, TallymanError } from '#catalogue/error.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import type { SecretCache } from '#controllers/secret-cache.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { registryUrl } from '#inventory/registry-names.ts'
import type { StoredData } from '#kube/secrets.ts'
import type { Product, RegistryClient } from '#registry/client.ts'
import { credentialFromBasicAuth, credentialFromDockerConfig } from '#registry/docker-config.ts'
import type { RegistryPool } from '#registry/pool.ts'
import { proxyFromEnvironment } from '#registry/proxy-environment.ts'
import type { Credential, RegistryTarget } from '#registry/target.ts'
import { parseDuration } from '#time/duration.ts'

export type Right = 'pull' | 'push' | 'delete'

/** A registry that answered, and what it answered to the probe. */
export interface OpenRegistry {
  readonly client: RegistryClient
  readonly product: Product
  /** The answer was given to our credentials. */
  readonly authenticated: boolean
  /** By how many milliseconds its clock is ahead of ours; undefined: it did not say (S02). */
  readonly skewMs: number | undefined
  readonly url: string
}

const MENDED_BY_SECRETS = [
  'REGISTRY_UNAUTHORIZED',
  'REGISTRY_FORBIDDEN',
  'REGISTRY_TLS_UNTRUSTED',
  'SECRET_INVALID',
  'SECRET_NOT_FOUND',
] as const

/** Opens registries as their objects say: address, credentials, CA and proxy, from spec and Secrets. */
export class RegistryAccess {
  readonly #pool: RegistryPool
  readonly #secrets: SecretCache
  readonly #env: Readonly<Record<string, string | undefined>>

  /** @param env names the proxy of those that name none themselves */
  constructor(pool: RegistryPool, secrets: SecretCache, env: Readonly<Record<string, string | undefined>>) {
    this.#pool = pool
    this.#secrets = secrets
    this.#env = env
  }

  /**
   * A client that may pull, after the registry answered a probe with it.
   * @param right what else it may do
   * @throws TallymanError SPEC_INVALID, SECRET_*, REGISTRY_*, KUBE_*
   */
  open(registry: RegistryObject, signal: AbortSignal, right: Right = 'pull'): Promise<OpenRegistry> {
    return this.#withFreshSecrets(registry, () => this.#probe(registry, signal, right))
  }

  /**
   * A client with somebody else's credential, or nobody's, to see what they may see. It has asked nothing yet.
   * @throws SPEC_INVALID, SECRET_*, KUBE_*
   */
  openAs(
    credential: Credential | undefined,
    registry: RegistryObject,
    signal: AbortSignal,
  ): Promise<RegistryClient> {
    return this.#withFreshSecrets(registry, async () =>
      this.#pool.client({ ...(await this.#target(registry, signal, undefined)), credential }),
    )
  }

  /** Reads the Secrets of every right that the spec names, so that a wrong one is known before it is needed. */
  async verifyCredentials(registry: RegistryObject, signal: AbortSignal): Promise<void> {
    const spec = specOf(RegistrySpec, registry)
    const host = registryUrl(spec, registry.metadata.namespace ?? '').host
    for (const right of ['push', 'delete'] as const) {
      await this.#withFreshSecrets(registry, () => this.#credential(spec, registry, right, host, signal))
    }
  }

  /** What fails for a Secret or CA is tried again at once with fresh ones: they may be corrected within their minute. */
  async #withFreshSecrets<T>(registry: RegistryObject, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!hasCode(error, ...MENDED_BY_SECRETS)) throw error
      this.#secrets.refresh(registry.metadata.namespace ?? '')
      return await work()
    }
  }

  async #probe(registry: RegistryObject, signal: AbortSignal, right: Right): Promise<OpenRegistry> {
    const target = await this.#target(registry, signal, right)
    const client = this.#pool.client(target)
    const answer = await client.ping({ signal, lane: 'interactive' })
    return { ...answer, client, url: target.url }
  }

  /** @param right undefined: nobody's */
  async #target(
    registry: RegistryObject,
    signal: AbortSignal,
    right: Right | undefined,
  ): Promise<RegistryTarget> {
    const spec = specOf(RegistrySpec, registry)
    const url = registryUrl(spec, registry.metadata.namespace ?? '')
    const [credential, caPem] = await Promise.all([
      right === undefined ? undefined : this.#credential(spec, registry, right, url.host, signal),
      this.#ca(spec, registry, signal),
    ])
    return {
      url: url.href.replace(/\/$/, ''),
      credential,
      caPem,
      proxy: spec.proxy ?? proxyFromEnvironment(url, this.#env),
      trustedRealms: spec.auth?.trustedRealms,
      limits: spec.limits,
      timeoutMs: parseDuration(spec.timeout),
    }
  }

  async #credential(
    spec: RegistrySpec,
    registry: RegistryObject,
    right: Right,
    host: string,
    signal: AbortSignal,
  ): Promise<Credential | undefined> {
    const name = spec.credentials?.[right]?.secretRef.name
    if (name === undefined) return undefined
    const namespace = registry.metadata.namespace ?? ''
    const secret = await this.#secrets.read('Secret', { namespace, name }, signal)
    try {
      return credentialOf(secret, host)
    } catch (error) {
      if (!hasCode(error, 'SECRET_INVALID')) throw error
      const place = `spec.credentials.${right}.secretRef: Secret ${namespace}/${name}`
      throw new TallymanError('SECRET_INVALID', `${place}: ${error.message}`, { cause: error })
    }
  }

  async #ca(spec: RegistrySpec, registry: RegistryObject, signal: AbortSignal): Promise<string | undefined> {
    if (spec.caRef === undefined) return undefined
    const { kind, name, key } = spec.caRef
    const { namespace = '' } = registry.metadata
    const { data } = await this.#secrets.read(kind, { namespace, name }, signal)
    const pem = data.get(key)?.toString('utf8')
    const place = `spec.caRef: ${kind} ${namespace}/${name}`
    if (pem === undefined) throw new TallymanError('SECRET_NOT_FOUND', `${place} has no key ${key}`)
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
      throw new TallymanError('SECRET_INVALID', `${place}: key ${key} holds no PEM certificate`)
    }
    return pem
  }
}

function credentialOf(secret: StoredData, host: string): Credential {
  const text = (key: string) => secret.data.get(key)?.toString('utf8')
  const dockerConfig = text('.dockerconfigjson')
  if (dockerConfig !== undefined) return credentialFromDockerConfig(dockerConfig, host)
  return credentialFromBasicAuth(text('username'), text('password'))
}
