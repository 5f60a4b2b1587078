import type { WorkloadUser } from '#inventory/snapshot.ts'

/** How many workloads are named for each image. */
export const MAX_USERS = 10

interface User {
  readonly cluster: string
  readonly namespace: string
  readonly workload: { readonly kind: string; readonly name: string }
}

/**
 * The first distinct workloads by rank, cluster, namespace, kind and name, out of any number that are added. A
 * workload that is added with several ranks has the lowest.
 */
export class FirstUsers {
  readonly #limit: number
  readonly #users: User[] = []
  readonly #ranks: number[] = []

  constructor(limit = MAX_USERS) {
    this.#limit = limit
  }

  /** Sorted. */
  get list(): readonly WorkloadUser[] {
    return this.#users.map(({ cluster, namespace, workload: { kind, name } }) => ({
      cluster,
      namespace,
      kind,
      name,
    }))
  }

  /** @param rank how strong its kind of use is: the lower, the stronger */
  add(user: User, rank: number): void {
    const users = this.#users
    let at = users.length
    for (let before = users[at - 1]; before !== undefined; before = users[at - 1]) {
      const order = rank - (this.#ranks[at - 1] ?? 0) || compareUsers(user, before)
      if (order === 0) return
      if (order > 0) break
      at -= 1
    }
    // Most come when the list is full, and after all that are in it.
    if (at >= this.#limit) return
    const known = users.findIndex((each) => compareUsers(each, user) === 0)
    if (known !== -1 && known < at) return
    users.splice(at, 0, user)
    this.#ranks.splice(at, 0, rank)
    // The weaker use of the same workload goes; else, of a full list, the last.
    const surplus = known === -1 ? this.#limit : known + 1
    users.splice(surplus, 1)
    this.#ranks.splice(surplus, 1)
  }
}

function compareUsers(a: User, b: User): number {
  return (
    compare(a.cluster, b.cluster) ||
    compare(a.namespace, b.namespace) ||
    compare(a.workload.kind, b.workload.kind) ||
    compare(a.workload.name, b.workload.name)
  )
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
