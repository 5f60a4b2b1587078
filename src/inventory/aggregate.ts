import { FirstUsers } from '#inventory/first-users.ts'
import { parseReference } from '#inventory/reference.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

/** Pods of one workload that are alike in everything an inventory asks. */
export interface UsageRow {
  readonly cluster: string
  readonly namespace: string
  readonly workload: { readonly kind: string; readonly name: string }
  readonly hasPullSecrets: boolean
  /** How many pods. */
  readonly pods: number
  readonly containers: readonly ContainerUse[]
}

/** One container, init container, ephemeral container or image volume. */
export interface ContainerUse {
  readonly image: string
  readonly running: { readonly kind: 'manifest' | 'config'; readonly digest: string } | undefined
  readonly neverPull: boolean
  readonly pullFailing: boolean
}

/** One ImageUse for each distinct image text in `rows`, sorted by it. No image is left out, whatever its text. */
export function aggregate(rows: Iterable<UsageRow>): ImageUse[] {
  const tallies = new Map<string, Tally>()
  for (const row of rows) {
    for (const container of row.containers) {
      let tally = tallies.get(container.image)
      if (tally === undefined) {
        tally = new Tally()
        tallies.set(container.image, tally)
      }
      tally.add(row, container)
    }
  }
  return [...tallies.keys()].sort().flatMap((image) => tallies.get(image)?.toImageUse(image) ?? [])
}

class Tally {
  #pods = 0
  #pullFailures = 0
  #neverPulled = true
  #withPullSecret = false
  #lastRow: UsageRow | undefined
  #lastRowFails = false
  readonly #users = new FirstUsers()
  readonly #namespaces = new Set<string>()
  readonly #manifests = new Set<string>()
  readonly #configs = new Set<string>()

  add(row: UsageRow, { running, neverPull, pullFailing }: ContainerUse): void {
    if (!neverPull) this.#neverPulled = false
    if (running?.kind === 'manifest') this.#manifests.add(running.digest)
    else if (running?.kind === 'config') this.#configs.add(running.digest)
    if (row !== this.#lastRow) this.#enter(row)
    if (pullFailing && !this.#lastRowFails) {
      this.#lastRowFails = true
      this.#pullFailures += row.pods
    }
  }

  /** The first container of `row` with this image: what counts pods is counted here, once. */
  #enter(row: UsageRow): void {
    this.#lastRow = row
    this.#lastRowFails = false
    this.#pods += row.pods
    this.#withPullSecret ||= row.hasPullSecrets
    this.#namespaces.add(row.namespace)
    this.#users.add(row.cluster, row.namespace, row.workload)
  }

  toImageUse(image: string): ImageUse {
    return {
      image,
      reference: parseReference(image),
      pods: this.#pods,
      users: this.#users.list,
      namespaces: [...this.#namespaces].sort(),
      neverPulled: this.#neverPulled,
      withPullSecret: this.#withPullSecret,
      runningDigests: [...this.#manifests].sort(),
      runningConfigs: [...this.#configs].sort(),
      pullFailures: this.#pullFailures,
    }
  }
}
