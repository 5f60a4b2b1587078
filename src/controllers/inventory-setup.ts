import { hash } from 'node:crypto'
import { asTallymanError } from '#catalogue/error.ts'
import type { Inventories } from '#clusters/inventories.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import type { SourcesConfig } from '#clusters/sources-config.ts'
import { type ClusterResolution, resolveClusters } from '#controllers/inventory-clusters.ts'
import { resolvePins } from '#controllers/inventory-pins.ts'
import { type ImageInventoryObject, specOf } from '#controllers/resources.ts'
import { ImageInventorySpec } from '#crds/image-inventory.ts'
import { compileImageRules } from '#inventory/image-rules.ts'
import type { Log } from '#kube/log.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { needsReconcile, requestedAt } from '#runtime/predicates.ts'
import { jittered } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'

/** How often Secrets and ConfigMaps are read again: they are never watched. */
const REFRESH_MS = 60_000

export interface InventorySetupOptions extends ClusterResolution {
  readonly store: ObjectStore<ImageInventoryObject>
  readonly inventories: Inventories
  readonly clock: Clock
  readonly log: Log
}

/**
 * Makes the live inventories what the ImageInventories say, in every replica: who stands by watches as well, and leads with warm tables.
 * A spec that can't be carried out leaves the inventory as it was; its controller says so.
 */
export class InventorySetup {
  readonly #options: InventorySetupOptions
  readonly #stopping = new AbortController()
  readonly #sources = new Map<string, { readonly text: string; readonly config: SourcesConfig }>()
  #queue: Promise<void> = Promise.resolve()
  readonly #queued: string[] = []
  #cancelRefresh: (() => void) | undefined
  #unsubscribe: (() => void) | undefined

  constructor(options: InventorySetupOptions) {
    this.#options = options
  }

  /** The inventories that are still to be set up, in order. */
  get pending(): readonly string[] {
    return this.#queued
  }

  start(): void {
    this.#unsubscribe = this.#options.store.onChange(({ key, old, current }) => {
      if (!needsReconcile(old, current)) return
      // Whoever asks has perhaps just changed a Secret.
      if (current !== undefined && requestedAt(current) !== (old && requestedAt(old))) {
        this.#options.secrets.refresh(current.metadata.namespace ?? '')
      }
      this.#enqueue(key)
    })
    this.#refresh()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#cancelRefresh?.()
    this.#unsubscribe?.()
    await this.#queue
  }

  #refresh(): void {
    for (const key of this.#options.store.keys()) this.#enqueue(key)
    this.#cancelRefresh = this.#options.clock.schedule(jittered(REFRESH_MS, 0.1), () => this.#refresh())
  }

  /** One after the other: two configurations of one inventory must not overtake each other. */
  #enqueue(key: string): void {
    this.#queued.push(key)
    this.#queue = this.#queue.then(() => this.#setUp(key)).then(() => void this.#queued.shift())
  }

  async #setUp(key: string): Promise<void> {
    const { inventories, log, store } = this.#options
    const { signal } = this.#stopping
    if (signal.aborted) return
    const object = store.get(key)
    try {
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
        this.#sources.delete(key)
        await inventories.remove(key)
        return
      }
      const spec = specOf(ImageInventorySpec, object)
      if (spec.suspend && inventories.get(key) !== undefined) return
      inventories.configure(key, await this.#resolve(object, spec, signal))
    } catch (thrown) {
      const { code, message } = asTallymanError(thrown)
      log.debug({ inventory: key, code, reason: message }, 'the inventory stays as it was')
    }
  }

  async #resolve(
    object: ImageInventoryObject,
    spec: ImageInventorySpec,
    signal: AbortSignal,
  ): Promise<InventoryConfig> {
    const { secrets } = this.#options
    const { namespace = '' } = object.metadata
    const [clusters, pins] = await Promise.all([
      resolveClusters(spec, namespace, this.#options, signal),
      resolvePins(spec.pins, namespace, secrets, signal),
    ])
    return {
      mark: hash('sha256', JSON.stringify([object.metadata.uid, spec]), 'hex'),
      clusters,
      ...pins,
      retainMs: parseDuration(spec.retain) ?? Number.POSITIVE_INFINITY,
      release: spec.releaseClusters ?? [],
      sources: this.#sourcesOf(keyOf(object), spec),
    }
  }

  /** The same object as long as the spec says the same: another one would open every watch anew. */
  #sourcesOf(key: string, spec: ImageInventorySpec): SourcesConfig {
    const text = JSON.stringify(spec.sources)
    const held = this.#sources.get(key)
    if (held?.text === text) return held.config
    const config = sourcesConfig(spec)
    this.#sources.set(key, { text, config })
    return config
  }
}

/** @throws SPEC_INVALID naming the rule of a custom source that can't be carried out */
export function sourcesConfig({ sources }: ImageInventorySpec): SourcesConfig {
  const choice = ({ enabled, ifUnavailable }: ImageInventorySpec['sources']['nodes']) => ({
    enabled,
    blocks: ifUnavailable === 'Block',
  })
  const { workloads, rolloutHistory, nodes, helmReleases, custom = [] } = sources
  return {
    workloads: choice(workloads),
    rolloutHistory: choice(rolloutHistory),
    nodes: choice(nodes),
    helmReleases:
      helmReleases === undefined
        ? undefined
        : { namespaces: helmReleases.namespaces, blocks: helmReleases.ifUnavailable === 'Block' },
    custom: custom.map(({ group, version, kind, images, ifUnavailable }, index) => ({
      ...{ group, version, kind },
      blocks: ifUnavailable === 'Block',
      rules: compileImageRules(images, `spec.sources.custom[${index}].images`),
    })),
  }
}
