import type { DeletionCapabilities, DestructiveOptions, Product, RegistryClient } from '#registry/client.ts'
import type { Clock } from '#time/clock.ts'

const KEPT_MS = 5 * 60_000

/** What registries let their accounts delete, asked again every few minutes. A client stands for one registry and one account. */
export class KnownCapabilities {
  readonly #clock: Clock
  readonly #known = new WeakMap<
    RegistryClient,
    { readonly at: number; readonly answer: DeletionCapabilities }
  >()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param repository one that exists @throws what kept a request from being sent */
  async of(
    client: RegistryClient,
    repository: string,
    options: DestructiveOptions,
  ): Promise<DeletionCapabilities> {
    const known = this.#known.get(client)
    const now = this.#clock.monotonic()
    if (known !== undefined && now - known.at < KEPT_MS) return known.answer
    const answer = await client.probeDeletion(repository, options)
    // An account may have other rights in the next repository, and no answer says nothing.
    const isOfAll = [answer.tagDelete, answer.digestDelete].every((it) => it !== 'denied' && it !== 'unknown')
    if (isOfAll) this.#known.set(client, { at: now, answer })
    return answer
  }
}

/** Products whose DELETE of a tag is tested to leave the manifest alone. */
const TESTED: ReadonlySet<Product> = new Set(['distribution-2', 'distribution-3'])

/** The same, without what no test on that product has shown to take a name only: elsewhere a DELETE of a tag may take the image. */
export function believed(capabilities: DeletionCapabilities, product: Product): DeletionCapabilities {
  return TESTED.has(product) ? capabilities : { ...capabilities, tagDelete: 'unsupported' }
}
