import type { KubeClient } from '#kube/client.ts'
import { type DataKey, readConfigMap, readSecret, type StoredData } from '#kube/secrets.ts'
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

  /** @throws TallymanError SECRET_NOT_FOUND, SECRET_FORBIDDEN, KUBE_* */
  read(kind: 'Secret' | 'ConfigMap', key: DataKey, signal: AbortSignal): Promise<StoredData> {
    const id = `${kind}/${key.namespace}/${key.name}`
    const held = this.#entries.get(id)
    if (held !== undefined && this.#clock.monotonic() < held.until) return held.data
    const data =
      kind === 'Secret'
        ? readSecret(this.#client, key, { signal })
        : readConfigMap(this.#client, key, { signal })
    this.#entries.set(id, { until: this.#clock.monotonic() + jittered(KEEP_MS, JITTER), data })
    // A failure is nobody's to keep: the next read asks again.
    data.catch(() => this.#entries.delete(id))
    return data
  }

  /** Forgets everything of a namespace. */
  refresh(namespace: string): void {
    for (const id of this.#entries.keys()) if (id.split('/')[1] === namespace) this.#entries.delete(id)
  }
}
