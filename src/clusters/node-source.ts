import type { Platform } from '#inventory/snapshot.ts'
import type { ReflectorSink, ReplaceSession } from '#kube/list-collector.ts'

/** What is read of a node; a projection of src/kube is one. Strings are empty before the kubelet has reported. */
export interface NodeRow {
  readonly uid: string
  readonly os: string
  readonly architecture: string
}

/** The platforms of one cluster's nodes. */
export class NodeSource implements ReflectorSink<NodeRow> {
  #platforms = new Map<string, Platform>()
  readonly #onChange: () => void

  /** @param onChange called when `platforms` may have changed; must not throw */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** One for each node that has reported its own. */
  platforms(): Iterable<Platform> {
    return this.#platforms.values()
  }

  upsert(node: NodeRow): void {
    const before = this.#platforms.get(node.uid)
    if (before?.os === node.os && before.architecture === node.architecture) return
    if (put(this.#platforms, node)) this.#onChange()
  }

  remove(node: NodeRow): void {
    if (this.#platforms.delete(node.uid)) this.#onChange()
  }

  beginReplace(): ReplaceSession<NodeRow> {
    const next = new Map<string, Platform>()
    return {
      add: (node) => void put(next, node),
      commit: () => {
        this.#platforms = next
        this.#onChange()
      },
      abort: () => next.clear(),
    }
  }
}

/** False: the node has not reported a platform. */
function put(platforms: Map<string, Platform>, { uid, os, architecture }: NodeRow): boolean {
  if (os === '' || architecture === '') return false
  platforms.set(uid, { os, architecture })
  return true
}
