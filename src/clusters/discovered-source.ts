import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { SourceDefinition, SourceWatchOptions } from '#clusters/source-watch.ts'
import { SourceWatch } from '#clusters/source-watch.ts'
import type { SourceView } from '#inventory/source-view.ts'
import { findResource } from '#kube/discovery.ts'
import type { ReflectorState } from '#kube/reflector.ts'
import { jittered } from '#time/backoff.ts'

const LOOK_EVERY_MS = 30_000

/** A kind as users name it: what its resource is called, the cluster knows. */
export interface KindName {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface DiscoveredSourceOptions<T> extends Omit<SourceWatchOptions<T>, 'definition'> {
  readonly kind: KindName
  readonly definition: Omit<SourceDefinition<T>, 'resource'>
}

/** A source of a kind that may not be installed yet: it is looked for until it is there. */
export class DiscoveredSource<T> {
  readonly #options: DiscoveredSourceOptions<T>
  readonly #stopping = new AbortController()
  #watch: SourceWatch<T> | undefined
  #looking: Promise<void> | undefined
  #problem = 'the cluster was not asked yet whether it has the kind'
  #isInstalled: boolean | undefined

  constructor(options: DiscoveredSourceOptions<T>) {
    this.#options = options
  }

  get name(): string {
    return this.#options.definition.name
  }

  start(): void {
    this.#looking ??= this.#look()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#looking
    await this.#watch?.stop()
  }

  /** undefined: there is nothing to watch yet. */
  get state(): ReflectorState | undefined {
    return this.#watch?.state
  }

  get view(): SourceView {
    if (this.#watch !== undefined) return this.#watch.view
    const { blocks } = this.#options.definition
    const state = this.#isInstalled === false ? 'not-installed' : 'listing'
    return { name: this.name, blocks, state, message: this.#problem }
  }

  /** @throws BARRIER_NOT_REACHED while there is nothing to watch */
  async barrier(signal: AbortSignal, timeoutMs: number): Promise<number> {
    if (this.#watch !== undefined) return await this.#watch.barrier(signal, timeoutMs)
    // It may have been installed since it was looked for last.
    const message = `What is held of ${this.name} is not known to be complete: ${this.#problem}`
    throw new TallymanError('BARRIER_NOT_REACHED', message)
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopping
    const { client, clock, kind, definition } = this.#options
    for (let delayMs = 0; !signal.aborted; delayMs = jittered(LOOK_EVERY_MS, 0.2)) {
      try {
        await clock.sleep(delayMs, signal)
        const resource = await findResource(client, kind, { signal })
        this.#isInstalled = resource !== undefined
        const { group, version, kind: name } = kind
        this.#problem = `the cluster has no ${name} in ${group === '' ? version : `${group}/${version}`}`
        if (resource === undefined) continue
        this.#watch = new SourceWatch({ ...this.#options, definition: { ...definition, resource } })
        this.#watch.start()
        return
      } catch (thrown) {
        if (signal.aborted) return
        this.#problem = asTallymanError(thrown).message
      }
    }
  }
}
