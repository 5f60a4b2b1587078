import type { PodRow } from '#inventory/pod-row.ts'
import { type PodIdentity, PodTable } from '#inventory/pod-table.ts'
import type { ReflectorSink, ReplaceSession } from '#kube/list-collector.ts'

/**
 * Feeds the pods of one cluster into their table. Finished pods count as well: their images are what a restart pulls.
 * Of a list under way, every pod counts from the moment that it arrives (see PodTable).
 */
export class PodSource implements ReflectorSink<PodRow> {
  readonly table = new PodTable()
  readonly #onChange: () => void

  /** @param onChange called after each change of what the table says; must not throw */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  upsert(pod: PodRow): void {
    this.#noticing(() => this.table.upsert(pod))
  }

  remove(pod: PodIdentity): void {
    this.#noticing(() => this.table.remove(pod))
  }

  beginReplace(): ReplaceSession<PodRow> {
    const replacement = this.table.beginReplace()
    return {
      add: (pod) => this.#noticing(() => replacement.add(pod)),
      commit: () => this.#noticing(() => replacement.commit()),
      abort: () => replacement.abort(),
    }
  }

  #noticing(change: () => void): void {
    const before = this.table.version
    change()
    if (this.table.version !== before) this.#onChange()
  }
}
