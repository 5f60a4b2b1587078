import type { DeletionCapabilities, DestructiveOptions, RegistryClient } from '#registry/client.ts'
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
