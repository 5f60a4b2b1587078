import { FirstUsers } from '#inventory/first-users.ts'
import { parseReference } from '#inventory/reference.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import { type ContainerUse, isPullingKind, USE_KINDS, type UseKind } from '#inventory/using-object.ts'

/** Objects of one owner that are alike in everything an inventory asks. */
export interface UsageRow {
  readonly cluster: string
  /** Empty for objects without one. */
  readonly namespace: string
  /** The owner that people know: the Deployment, not the ReplicaSet. */
  readonly workload: { readonly kind: string; readonly name: string }
  readonly use: UseKind
  /** Pods that will run no container again. */
  readonly finished: boolean
  readonly hasPullSecrets: boolean
  /** How many objects. */
  readonly count: number
  readonly containers: readonly ContainerUse[]
}

/** One ImageUse for each distinct image text in `rows`, sorted by it. No image is left out, whatever its text. */
export function aggregate(rows: Iterable<UsageRow>): ImageUse[] {
  const aggregation = new Aggregation()
  for (const row of rows) aggregation.add(row)
  return [...aggregation.names].sort().flatMap((image) => aggregation.use(image) ?? [])
}

/** The same row by row, for who has to pause in between. */
export class Aggregation {
  readonly #tallies = new Map<string, Tally>()

  add(row: UsageRow): void {
    for (const container of row.containers) {
      let tally = this.#tallies.get(container.image)
      if (tally === undefined) {
        tally = new Tally()
        this.#tallies.set(container.image, tally)
      }
      tally.add(row, container)
    }
  }

  /** The images of all rows, in no order. */
  get names(): Iterable<string> {
    return this.#tallies.keys()
  }

  use(image: string): ImageUse | undefined {
    return this.#tallies.get(image)?.toImageUse(image)
  }
}

class Tally {
  /** Objects of each kind of use, by its rank. */
  readonly #counts = USE_KINDS.map(() => 0)
  #pullFailures = 0
  #mayPull = false
  #mayNeverPull = false
  #withPullSecret = false
  #finishedOnly = true
  #lastRow: UsageRow | undefined
  #lastRowFails = false
  readonly #users = new FirstUsers()
  readonly #pullingNamespaces = new Set<string>()
  readonly #otherNamespaces = new Set<string>()
  readonly #manifests = new Set<string>()
  readonly #configs = new Set<string>()

  add(row: UsageRow, { running, neverPull, pullFailing }: ContainerUse): void {
    if (isPullingKind(row.use)) {
      if (neverPull) this.#mayNeverPull = true
      else this.#mayPull = true
    }
    if (running?.kind === 'manifest') this.#manifests.add(running.digest)
    else if (running?.kind === 'config') this.#configs.add(running.digest)
    if (row !== this.#lastRow) this.#enter(row)
    if (pullFailing && !this.#lastRowFails) {
      this.#lastRowFails = true
      this.#pullFailures += row.count
    }
  }

  /** The first container of `row` with this image: what counts objects is counted here, once. */
  #enter(row: UsageRow): void {
    this.#lastRow = row
    this.#lastRowFails = false
    const rank = USE_KINDS.indexOf(row.use)
    this.#counts[rank] = (this.#counts[rank] ?? 0) + row.count
    this.#finishedOnly &&= row.finished
    this.#users.add(row, rank)
    const pulls = isPullingKind(row.use)
    this.#withPullSecret ||= pulls && row.hasPullSecrets
    if (row.namespace === '') return
    const namespaces = pulls ? this.#pullingNamespaces : this.#otherNamespaces
    namespaces.add(row.namespace)
  }

  toImageUse(image: string): ImageUse {
    const counts = new Map(USE_KINDS.map((kind, rank) => [kind, this.#counts[rank] ?? 0]))
    const pods = counts.get('pod') ?? 0
    const nodesCaching = counts.get('node') ?? 0
    const isPulled = this.#mayPull || this.#mayNeverPull
    const namespaces = isPulled ? this.#pullingNamespaces : this.#otherNamespaces
    return {
      image,
      reference: parseReference(image),
      kinds: kindsOf(this.#counts),
      pods,
      objects: this.#counts.reduce((sum, count) => sum + count, 0) - pods - nodesCaching,
      nodesCaching,
      finishedOnly: this.#finishedOnly,
      users: this.#users.list,
      namespaces: [...namespaces].sort(),
      neverPulled: this.#mayNeverPull && !this.#mayPull,
      withPullSecret: this.#withPullSecret,
      runningDigests: [...this.#manifests].sort(),
      runningConfigs: [...this.#configs].sort(),
      pullFailures: this.#pullFailures,
    }
  }
}

/** By the ranks that they have, as bits: there are few, and an inventory has many images. */
const KINDS = new Map<number, readonly UseKind[]>()

/** The kinds of use that are counted, from the strongest to the weakest. */
function kindsOf(counts: readonly number[]): readonly UseKind[] {
  const bits = counts.reduce((sum, count, rank) => (count === 0 ? sum : sum | (1 << rank)), 0)
  const known = KINDS.get(bits)
  if (known !== undefined) return known
  const kinds = USE_KINDS.filter((_kind, rank) => counts[rank] !== 0)
  KINDS.set(bits, kinds)
  return kinds
}
