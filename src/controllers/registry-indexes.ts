import type { RegistryAccess } from '#controllers/registry-access.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { KnownUsage } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import { keyOf } from '#runtime/object-key.ts'
import { usedImages } from '#scan/used-images.ts'
import { type HeldImages, UsedIndexes } from '#scan/used-indexes.ts'
import type { Clock } from '#time/clock.ts'

/** Where something goes, or went. */
export interface IndexScope {
  readonly registry: RegistryObject
  readonly names: RegistryNames
  readonly repositories: Iterable<string>
  /** Digests of which a plan knows what they contain. */
  readonly known?: { has(digest: string): boolean } | undefined
}

const NOTHING: ReadonlySet<string> = new Set()

/** What the indexes in use contain, of each registry: what was read for one is known for all who ask (S35). */
export class RegistryIndexes {
  readonly #access: Pick<RegistryAccess, 'open'>
  readonly #clock: Clock
  readonly #indexes = new Map<string, UsedIndexes>()

  constructor(access: Pick<RegistryAccess, 'open'>, clock: Clock) {
    this.#access = access
    this.#clock = clock
  }

  /** @throws SPEC_INVALID, SECRET_*, REGISTRY_*, KUBE_*; CANCELLED */
  async holders(
    { registry, names, repositories, known = NOTHING }: IndexScope,
    usage: KnownUsage,
    signal: AbortSignal,
  ): Promise<HeldImages> {
    const key = keyOf(registry)
    const indexes = this.#indexes.get(key) ?? new UsedIndexes()
    this.#indexes.set(key, indexes)
    return await indexes.holders({
      ...{ repositories, known, signal, clock: this.#clock, used: usedImages(usage, names) },
      client: async () => (await this.#access.open(registry, signal)).client,
      concurrency: specOf(RegistrySpec, registry).limits.concurrency,
    })
  }
}
