import type { WorkloadUser } from '#inventory/snapshot.ts'

/** How many workloads are named for each image. */
export const MAX_USERS = 10

/** The first MAX_USERS distinct workloads by cluster, namespace, kind and name, out of any number that are added. */
export class FirstUsers {
  readonly #users: WorkloadUser[] = []

  /** Sorted. */
  get list(): readonly WorkloadUser[] {
    return this.#users
  }

  add(cluster: string, namespace: string, workload: { readonly kind: string; readonly name: string }): void {
    const user: WorkloadUser = { cluster, namespace, kind: workload.kind, name: workload.name }
    let at = this.#users.length
    for (let before = this.#users[at - 1]; before !== undefined; before = this.#users[at - 1]) {
      const order = compareUsers(user, before)
      if (order === 0) return
      if (order > 0) break
      at -= 1
    }
    if (at >= MAX_USERS) return
    this.#users.splice(at, 0, user)
    if (this.#users.length > MAX_USERS) this.#users.pop()
  }
}

function compareUsers(a: WorkloadUser, b: WorkloadUser): number {
  return (
    compare(a.cluster, b.cluster) ||
    compare(a.namespace, b.namespace) ||
    compare(a.kind, b.kind) ||
    compare(a.name, b.name)
  )
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
