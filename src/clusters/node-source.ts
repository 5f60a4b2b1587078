import { parseImageID } from '#inventory/image-id.ts'
import { distinctPlatforms } from '#inventory/platforms.ts'
import type { Platform } from '#inventory/snapshot.ts'
import type { UsageTable } from '#inventory/usage-table.ts'
import type { ContainerUse, UsingObject } from '#inventory/using-object.ts'
import type { ReflectorSink, ReplaceSession } from '#kube/list-collector.ts'

/** What is read of a node; a projection of src/kube is one. Strings are empty before the kubelet has reported. */
export interface NodeRow {
  readonly uid: string
  readonly name: string
  readonly os: string
  readonly architecture: string
  /** Every name of every image that the kubelet reports as cached: by tag and by digest. */
  readonly images?: readonly string[] | undefined
}

/** What dockershim reported in place of the name that an image has lost. */
const NAMELESS: ReadonlySet<string> = new Set(['<none>:<none>', '<none>@<none>'])

/** The platforms of one cluster's nodes; what they have in their caches goes into a table. */
export class NodeSource implements ReflectorSink<NodeRow> {
  #platforms = new Map<string, Platform>()
  /** Of these; undefined: one of them changed. */
  #distinct: readonly Platform[] | undefined
  readonly #caches: UsageTable | undefined
  readonly #onChange: () => void

  /**
   * @param caches takes in what the nodes cache; absent: that does not count as use
   * @param onChange called when `platforms`, or what the table says, may have changed; must not throw
   */
  constructor(caches: UsageTable | undefined, onChange: () => void) {
    this.#caches = caches
    this.#onChange = onChange
  }

  /** Of the nodes that have reported their own, each once. Every snapshot asks. */
  platforms(): readonly Platform[] {
    this.#distinct ??= distinctPlatforms(this.#platforms.values())
    return this.#distinct
  }

  upsert(node: NodeRow): void {
    const before = this.#platforms.get(node.uid)
    const isSame = before?.os === node.os && before.architecture === node.architecture
    const isNew = !isSame && put(this.#platforms, node)
    if (isNew) this.#distinct = undefined
    if (this.#changes(() => this.#caches?.upsert(cacheOf(node))) || isNew) this.#onChange()
  }

  remove(node: NodeRow): void {
    const wasKnown = this.#platforms.delete(node.uid)
    if (wasKnown) this.#distinct = undefined
    if (this.#changes(() => this.#caches?.remove(cacheOf(node))) || wasKnown) this.#onChange()
  }

  beginReplace(): ReplaceSession<NodeRow> {
    const next = new Map<string, Platform>()
    const caches = this.#caches?.beginReplace()
    return {
      add: (node) => {
        put(next, node)
        if (this.#changes(() => caches?.add(cacheOf(node)))) this.#onChange()
      },
      commit: () => {
        this.#platforms = next
        this.#distinct = undefined
        caches?.commit()
        this.#onChange()
      },
      abort: () => {
        next.clear()
        caches?.abort()
      },
    }
  }

  /** Whether `change` changes what the table says. */
  #changes(change: () => void): boolean {
    const before = this.#caches?.version
    change()
    return this.#caches?.version !== before
  }
}

/** False: the node has not reported a platform. */
function put(platforms: Map<string, Platform>, { uid, os, architecture }: NodeRow): boolean {
  if (os === '' || architecture === '') return false
  platforms.set(uid, { os, architecture })
  return true
}

function cacheOf({ uid, name, images = [] }: NodeRow): UsingObject {
  const named = images.filter((image) => !NAMELESS.has(image))
  return {
    uid,
    namespace: '',
    name,
    kind: 'Node',
    use: 'node',
    hasPullSecrets: false,
    images: named.map(cachedImage),
  }
}

/** A name with a digest says which manifest is cached, whatever repository a pod asks for it in (S06). */
function cachedImage(image: string): ContainerUse {
  const running = image.includes('@') ? parseImageID(image) : undefined
  return { image, running, neverPull: false, pullFailing: false }
}
