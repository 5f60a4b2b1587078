import type { KubeClient } from '#kube/client.ts'
import { type DataKey, readConfigMap, readSecret, type StoredData } from '#kube/secrets.ts'
import { abortable } from '#registry/abort.ts'
import { jittered } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'

const KEEP_MS = 60_000
const JITTER = 0.1

interface Entry {
  readonly until: number
  readonly data: Promise<StoredData>
}

/**
 * Secrets and ConfigMaps, read by name and kept for a minute: they are never listed or watched, so a rotation is seen
 * by the next read. refresh() drops what is held, for the moment when a registry refuses it.
 */
export class SecretCache {
  readonly #client: KubeClient
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(client: KubeClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** How many are held. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * Whoever asks for the same at the same time shares one request, and waits for it no longer than its own signal lets it.
   * @throws TallymanError SECRET_NOT_FOUND, SECRET_FORBIDDEN, KUBE_*; CANCELLED when `signal` aborts
   */
  async read(kind: 'Secret' | 'ConfigMap', key: DataKey, signal: AbortSignal): Promise<StoredData> {
    this.#dropExpired()
    const id = `${kind}/${key.namespace}/${key.name}`
    const { data } = this.#entries.get(id) ?? this.#ask(id, kind, key)
    return await abortable(data, signal)
  }

  /** Forgets everything of a namespace. */
  refresh(namespace: string): void {
    for (const id of this.#entries.keys()) if (id.split('/')[1] === namespace) this.#entries.delete(id)
  }

  /** The request has its own time limit, and no signal: it is not one caller's to end. */
  #ask(id: string, kind: 'Secret' | 'ConfigMap', key: DataKey): Entry {
    const data = kind === 'Secret' ? readSecret(this.#client, key) : readConfigMap(this.#client, key)
    const entry = { until: this.#clock.monotonic() + jittered(KEEP_MS, JITTER), data }
    this.#entries.set(id, entry)
    // A failure is nobody's to keep: the next read asks again.
    data.catch(() => {
      if (this.#entries.get(id) === entry) this.#entries.delete(id)
    })
    return entry
  }

  /** Secrets of namespaces that nobody reads any more must not stay in memory. */
  #dropExpired(): void {
    const now = this.#clock.monotonic()
    for (const [id, { until }] of this.#entries) if (now >= until) this.#entries.delete(id)
  }
}
