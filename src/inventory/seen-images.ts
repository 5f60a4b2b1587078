import type { UsageRow } from '#inventory/aggregate.ts'
import { FirstUsers } from '#inventory/first-users.ts'
import type { Sight } from '#inventory/ledger/ledger.ts'
import type { WorkloadUser } from '#inventory/snapshot.ts'
import { USE_KINDS } from '#inventory/using-object.ts'

const MAX_SEEN_USERS = 3

/** An image that was seen in use. */
export interface Sighting extends Sight {
  /** Only pods that had finished were seen with it. */
  readonly finishedOnly: boolean
}

/** Puts together what usages tell a ledger: for each image what runs, and by whom it is used. */
export class SeenImages {
  readonly #seen = new Map<string, Seen>()

  /** One for each image. */
  get list(): Sighting[] {
    const texts = new Map<string, string>()
    return [...this.#seen].map(([image, { digests, configs, users, finishedOnly }]) => ({
      image,
      digests: [...digests],
      configs: [...configs],
      users: users.list.map((user) => userText(user, texts)),
      finishedOnly,
    }))
  }

  add(row: UsageRow): void {
    const rank = USE_KINDS.indexOf(row.use)
    for (const { image, running } of row.containers) {
      const seen = this.#of(image)
      if (running?.kind === 'manifest') seen.digests.add(running.digest)
      else if (running?.kind === 'config') seen.configs.add(running.digest)
      seen.users.add(row, rank)
      if (!row.finished) seen.finishedOnly = false
    }
  }

  #of(image: string): Seen {
    const known = this.#seen.get(image)
    if (known !== undefined) return known
    const seen = new Seen()
    this.#seen.set(image, seen)
    return seen
  }
}

/**
 * `namespace/Kind/name`, the same string for all images of one workload. A ledger keeps them for long: what `join` makes is one piece, where
 * a template would hold on to its parts.
 */
function userText({ namespace, kind, name }: WorkloadUser, texts: Map<string, string>): string {
  const made = [namespace, kind, name].join('/')
  const known = texts.get(made)
  if (known !== undefined) return known
  texts.set(made, made)
  return made
}

class Seen {
  readonly digests = new Set<string>()
  readonly configs = new Set<string>()
  readonly users = new FirstUsers(MAX_SEEN_USERS)
  finishedOnly = true
}
