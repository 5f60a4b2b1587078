import type { AskedImage } from '#commands/asked-image.ts'
import { isNamed, matchingNames } from '#commands/matching-names.ts'
import type { PolicyRuling } from '#commands/why-policies.ts'
import type { RuledImage } from '#commands/why-verdict.ts'
import type { NamedUses } from '#inventory/cluster-uses.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import type { Match } from '#inventory/usage-lookup.ts'
import { type ClusterUsers, whoUses } from '#inventory/who-uses.ts'

/** Who uses an image, in which clusters it was looked for, and what is remembered of it. */
export interface WhyReport {
  readonly asked: AskedImage
  /** `seemingly`: only under names that may mean it. */
  readonly inUse: 'yes' | 'seemingly' | 'no'
  /** All in which it was looked for. */
  readonly clusters: readonly string[]
  /** Of each cluster that uses it, everybody who does. */
  readonly users: readonly ClusterUsers[]
  /** Names that are not its own and may mean it, as written, sorted. */
  readonly seeming: readonly SeemingName[]
  /** What ledgers of the operator know of it; undefined: none was read. */
  readonly remembered: readonly RememberedUse[] | undefined
  readonly ruling: Ruling
}

/** What rules say of an image. */
export interface Ruling {
  /** Those that were given; undefined: none were. */
  readonly given?: RuledImage
  /** Those of RegistryPolicies; undefined: none were looked for. */
  readonly policies?: readonly PolicyRuling[]
}

export interface SeemingName {
  readonly image: string
  readonly match: Match
}

/** An entry of a ledger. */
export interface RememberedUse {
  /** `namespace/name` of the ImageInventory. */
  readonly inventory: string
  readonly cluster: string
  readonly image: string
  /** Full hours, ms since the epoch. */
  readonly firstSeen: number
  readonly lastSeen: number
  /** `namespace/Kind/name` of the last workloads. */
  readonly users: readonly string[]
}

/** @param images all that the clusters use */
export function whyReport(
  asked: AskedImage,
  images: readonly ImageUse[],
  clusters: readonly NamedUses[],
  remembered: readonly RememberedUse[] | undefined,
  ruling: Ruling = {},
): WhyReport {
  const names = [...matchingNames(asked, images)].map(([{ image }, match]) => ({ image, match }))
  const digests = asked.digest === undefined ? [] : [asked.digest]
  const usersOf = (counted: readonly SeemingName[]) =>
    whoUses(clusters, { images: counted.map(({ image }) => image), digests }, EVERYBODY)
  const users = usersOf(names)
  const isSurely = usersOf(names.filter(({ match }) => isNamed(match))).length > 0
  return {
    asked,
    inUse: isSurely ? 'yes' : users.length > 0 ? 'seemingly' : 'no',
    clusters: clusters.map(({ name }) => name),
    users,
    seeming: names.filter(({ match }) => !isNamed(match)).sort((a, b) => (a.image < b.image ? -1 : 1)),
    remembered,
    ruling,
  }
}

const EVERYBODY = Number.POSITIVE_INFINITY
