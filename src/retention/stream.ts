import { sortedInSteps } from '#inventory/sorted-in-steps.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import { type Reason, reason } from '#retention/reasons.ts'
import { compareVersions, type TagVersion, tagVersion } from '#retention/tag-version.ts'
import { type Pace, TURN } from '#time/pace.ts'

/** Tags of one repository that are counted together, by their digests: several tags of one build count once (S13). */
export interface Stream {
  /** When the digest was built, or first seen where it does not say; undefined: it has no place in the order. */
  dateOf(digest: string): number | undefined
  /** How many digests are newer; undefined: nobody knows. */
  newerThan(digest: string): number | undefined
  /** The nearest newer digest that is in use, and how far it is. */
  nextInUse(digest: string): { readonly tag: string; readonly distance: number } | undefined
  /** A tag in use whose digest has no place in the order: any digest may be the one before it. */
  readonly undatedInUse: string | undefined
  /** Why it has one of the versions that are kept. */
  version(digest: string): Reason | undefined
}

/** A digest of a stream, of which all tags have been seen. */
interface Member {
  readonly digest: string
  readonly isInUse: boolean
  date: number | undefined
  /** The last of its tags in the order of UTF-16 units. */
  tag: string
  version: TagVersion | undefined
  /** How many are newer; undefined: nobody knows. */
  place: number | undefined
}

export interface MemberTag {
  readonly tag: string
  readonly digest: string
  /** By what the image says. */
  readonly built: number | undefined
  readonly digestSince: number | undefined
  /** It is in use, or an index that holds something in use. */
  readonly isInUse: boolean
}

/** Takes in the tags of a stream in any order. */
export class StreamBuilder {
  readonly #semver: CompiledRule['semver']
  readonly #members = new Map<string, Member>()

  /** @param rule what decides about them */
  constructor({ semver }: Pick<CompiledRule, 'semver'>) {
    this.#semver = semver
  }

  add({ tag, digest, built, digestSince, isInUse }: MemberTag): void {
    const version = this.#semver === undefined ? undefined : tagVersion(tag)
    const member = this.#members.get(digest)
    if (member === undefined) {
      const date = built ?? digestSince
      this.#members.set(digest, { digest, isInUse, date, tag, version, place: undefined })
      return
    }
    if (built === undefined) member.date = earliest(member.date, digestSince)
    if (tag > member.tag) member.tag = tag
    member.version = higher(member.version, version)
  }

  /** In steps. */
  *build(pace: Pace): Generator<undefined, Stream> {
    const members = this.#members
    const dated = [...members.values()].filter(({ date }) => date !== undefined)
    const order = yield* sortedInSteps(dated, TURN, newestFirst)
    let newer = 0
    for (const member of order) {
      member.place = newer
      newer += 1
      if (pace.isTurnOver()) yield
    }
    const inUse = inUseBefore(order)
    const versions = yield* keptVersions(members.values(), this.#semver, pace)
    return {
      dateOf: (digest) => members.get(digest)?.date,
      newerThan: (digest) => members.get(digest)?.place,
      nextInUse: (digest) => {
        const place = members.get(digest)?.place ?? 0
        const at = inUse[place] ?? -1
        const next = order[at]
        return next === undefined ? undefined : { tag: next.tag, distance: place - at }
      },
      undatedInUse: [...members.values()].find(({ isInUse, date }) => isInUse && date === undefined)?.tag,
      version: (digest) => versions.get(digest),
    }
  }
}

/** Equal dates by tag: the later name counts as newer. */
function newestFirst(a: Member, b: Member): number {
  return (b.date ?? 0) - (a.date ?? 0) || (a.tag < b.tag ? 1 : -1)
}

/** For each place, that of the nearest newer one in use; -1: there is none. */
function inUseBefore(order: readonly Member[]): Int32Array {
  const found = new Int32Array(order.length)
  let last = -1
  order.forEach(({ isInUse }, place) => {
    found[place] = last
    if (isInUse) last = place
  })
  return found
}

function* keptVersions(
  members: Iterable<Member>,
  semver: CompiledRule['semver'],
  pace: Pace,
): Generator<undefined, Map<string, Reason>> {
  const kept = new Map<string, Reason>()
  if (semver === undefined) return kept
  const versioned = [...members].flatMap(({ digest, version }) =>
    version === undefined ? [] : [{ digest, version }],
  )
  const highest = yield* sortedInSteps(
    versioned,
    TURN,
    (a, b) => compareVersions(b.version, a.version) || (a.digest < b.digest ? -1 : 1),
  )
  const places = new Map<string, number>()
  for (const { digest, version } of highest) {
    if (pace.isTurnOver()) yield
    const { major, minor } = version
    for (const [line, limit] of [
      [`${major}.${minor}`, semver.newestPerMinor ?? 0],
      [`${major}`, semver.newestPerMajor ?? 0],
    ] as const) {
      const place = (places.get(line) ?? 0) + 1
      places.set(line, place)
      if (place <= limit) kept.set(digest, reason('Version', line, place))
    }
  }
  return kept
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

function higher(a: TagVersion | undefined, b: TagVersion | undefined): TagVersion | undefined {
  return a === undefined || b === undefined ? (a ?? b) : compareVersions(a, b) >= 0 ? a : b
}
