import { asTallymanError, hasCode } from '#catalogue/error.ts'
import type { SourceView } from '#inventory/source-view.ts'
import { reviewAccess } from '#kube/access-review.ts'
import { barrier } from '#kube/barrier.ts'
import type { KubeClient } from '#kube/client.ts'
import type { WatchCodec } from '#kube/codec.ts'
import type { ClusterConnection } from '#kube/connection.ts'
import type { ReflectorSink } from '#kube/list-collector.ts'
import type { Log } from '#kube/log.ts'
import { Reflector, type ReflectorObserver, type ReflectorState } from '#kube/reflector.ts'
import type { Resource } from '#kube/resource.ts'
import { jittered } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'

/** How often it is asked anew whether the source may be read: a watch that runs survives the loss of its right. */
const REVIEW_EVERY_MS = 60_000
const REVIEW_TIMEOUT_MS = 15_000

/** One thing that is watched in a cluster, and what becomes of it. */
export interface SourceDefinition<T> {
  /** `pods`, `deployments`, `rollouts.argoproj.io`, `secrets/apps`. */
  readonly name: string
  readonly resource: Resource
  /** Absent: the whole cluster. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly codec: WatchCodec<T>
  readonly sink: ReflectorSink<T>
  /** Objects of which it could not be made out what they use. */
  readonly unreadable?: (() => readonly string[]) | undefined
  /** Whether the cluster counts as synced without it. */
  readonly blocks: boolean
}

export interface SourceWatchOptions<T> {
  readonly definition: SourceDefinition<T>
  readonly connection: ClusterConnection
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: Log
  readonly observer: ReflectorObserver
  /** Called when the source stands otherwise than before, as far as that shows by itself; must not throw. */
  readonly onChange: () => void
}

/** Watches one source of a cluster, and knows whether what it holds is complete, live and all there is. */
export class SourceWatch<T> {
  readonly #options: SourceWatchOptions<T>
  readonly #reflector: Reflector<T>
  readonly #stopping = new AbortController()
  /** What the last review said; undefined before the first, and where it could not be made. */
  #denied: string | undefined
  #reviewed = false
  #reviewing: Promise<void> | undefined

  constructor(options: SourceWatchOptions<T>) {
    this.#options = options
    const { definition, connection, clock, log, observer } = options
    const { resource, namespace, labelSelector, codec, sink } = definition
    this.#reflector = new Reflector<T>({
      ...{ connection, clock, log, observer, resource, namespace, labelSelector, codec, sink },
    })
  }

  get name(): string {
    return this.#options.definition.name
  }

  get state(): ReflectorState {
    return this.#reflector.state
  }

  start(): void {
    this.#reflector.start()
    this.#reviewing ??= this.#keepReviewing()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([this.#reflector.stop(), this.#reviewing])
  }

  get view(): SourceView {
    const { name, blocks } = this.#options.definition
    if (this.#denied !== undefined) return { name, blocks, state: 'forbidden', message: this.#denied }
    const { state } = this.#reflector
    if (!this.#reflector.synced) return { name, blocks, ...notSynced(state) }
    if (!this.#reviewed) {
      return { name, blocks, state: 'listing', message: 'whether everything may be read is not known yet' }
    }
    const unreadable = this.#options.definition.unreadable?.() ?? []
    if (unreadable.length === 0) return { name, blocks, state: 'synced' }
    const message = `${unreadable.length} objects name images that can't be made out, such as ${unreadable[0]}`
    return { name, blocks, state: 'broken', message }
  }

  /** @see barrier */
  barrier(signal: AbortSignal, timeoutMs: number): Promise<number> {
    const { definition, connection, clock } = this.#options
    const { resource, namespace, labelSelector } = definition
    return barrier({
      ...{ connection, clock, resource, namespace, labelSelector, timeoutMs },
      reflector: this.#reflector,
      signal: AbortSignal.any([signal, this.#stopping.signal]),
    })
  }

  async #keepReviewing(): Promise<void> {
    const { signal } = this.#stopping
    for (let delayMs = 0; !signal.aborted; delayMs = jittered(REVIEW_EVERY_MS, 0.2)) {
      try {
        await this.#options.clock.sleep(delayMs, signal)
        await this.#review(signal)
      } catch (thrown) {
        if (signal.aborted) return
        // That the API server does not answer shows in the watch; what it said last stands meanwhile.
        const { code, message } = asTallymanError(thrown)
        this.#options.log.debug({ source: this.name, code, reason: message }, 'access was not reviewed')
      }
    }
  }

  async #review(signal: AbortSignal): Promise<void> {
    const { definition, client, onChange } = this.#options
    const { resource, namespace } = definition
    const call = { signal, timeoutMs: REVIEW_TIMEOUT_MS }
    const { allowed, missing } = await reviewAccess(
      client,
      { resource, namespace, verbs: ['list', 'watch'] },
      call,
    )
    const where = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`
    const what = `${missing.join(' and ')} ${resource.plural} ${where}`
    const before = this.#reviewed ? this.#denied : 'not known yet'
    this.#denied = allowed ? undefined : `the operator may not ${what}; grant it, as config/rbac does`
    this.#reviewed = true
    if (this.#denied !== before) onChange()
  }
}

function notSynced({
  lastError,
  resourceVersion,
  phase,
}: ReflectorState): Pick<SourceView, 'state' | 'message'> {
  if (phase === 'stopped') return { state: 'broken', message: 'no longer watched' }
  if (lastError !== undefined) {
    if (hasCode(lastError, 'KUBE_NOT_FOUND')) {
      return { state: 'not-installed', message: 'the cluster has no such kind' }
    }
    const { message } = lastError
    return { state: hasCode(lastError, 'KUBE_FORBIDDEN') ? 'forbidden' : 'broken', message }
  }
  if (resourceVersion === '') return { state: 'listing', message: 'not listed yet' }
  return { state: 'broken', message: 'the watch has given no sign of life' }
}
