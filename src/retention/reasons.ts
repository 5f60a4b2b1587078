import { counted } from '#catalogue/counted.ts'
import type { UnusedSince } from '#retention/retention-input.ts'

/** Why a tag stays or goes: data, said to people by `says`. */
export interface Reason {
  readonly code: ReasonCode
  /** Whom or what it speaks of: a workload, a tag, a pattern, an image, what happened at the moment `at`; empty: nothing. */
  readonly of: string
  /** A place in an order, or a number of digests; 0: none. */
  readonly count: number
  /** ms since the epoch; undefined: it speaks of no moment. */
  readonly at: number | undefined
}

interface ReasonEntry {
  /** Whether the tag stays or goes. */
  readonly verdict: 'keep' | 'go'
  /** For the documentation. */
  readonly means: string
  says(reason: Reason): string
}

/** Every reason there is, in the order in which they are looked for: the first that holds is the one that is said. What belongs to something is asked about that before its own age. */
export const REASONS = {
  Workspace: {
    verdict: 'keep',
    means: 'It is part of the workspace or of a claim of some installation of Tallyman (S08).',
    says: () => 'it belongs to Tallyman',
  },
  InUse: {
    verdict: 'keep',
    means:
      'A workload runs it, names it or would roll back to it, a node has it in its cache, or another installation claims it.',
    says: ({ of, count }) => (count === 0 ? of : `${of}, as ${count === 1 ? 'does' : 'do'} ${count} more`),
  },
  UsedLately: {
    verdict: 'keep',
    means: 'Nothing uses it now, but something did within the time that the inventory remembers.',
    says: ({ of, at }) => `${of} used it until ${day(at)}`,
  },
  Pinned: {
    verdict: 'keep',
    means: 'A pin of an inventory names it.',
    says: ({ of }) => `it is pinned by ${of}`,
  },
  SameInUse: {
    verdict: 'keep',
    means: 'Its digest is in use under another tag or in another repository (S06).',
    says: ({ of }) => `it is the same image as ${of}, which is in use`,
  },
  Restored: {
    verdict: 'keep',
    means: 'It was restored, and stays for some time whatever the rules say (S12).',
    says: ({ at }) => `it was restored, and stays until ${day(at)}`,
  },
  Incomplete: {
    verdict: 'keep',
    means: 'Its repository was not read in full, so that nobody knows what hangs on it.',
    says: ({ of }) => `its repository was not read in full: ${of}`,
  },
  NoRule: { verdict: 'keep', means: 'No rule matches it (S08).', says: () => 'no rule matches it' },
  NotAnImage: {
    verdict: 'keep',
    means: 'It is no container image, and no rule that matches its repository names its kind (S09).',
    says: ({ of }) => `it is no container image${of === '' ? '' : ` but ${of}`}, and no rule names its kind`,
  },
  KeepAll: {
    verdict: 'keep',
    means: 'The rule keeps everything (`keep.all`).',
    says: () => 'its rule keeps everything',
  },
  KeepTag: {
    verdict: 'keep',
    means: 'A pattern of the rule matches its tag (`keep.tags`).',
    says: ({ of }) => `its rule keeps tags like ${of}`,
  },
  Undated: {
    verdict: 'keep',
    means: 'Nobody knows how old it is, or whether it comes before one in use that has no date (S13).',
    says: ({ of }) =>
      of === '' ? 'nobody knows how old it is' : `nobody knows how old ${of} is, which is in use`,
  },
  Newest: {
    verdict: 'keep',
    means: 'It is among the newest of its stream (`keep.newest`, or `whenUnused: KeepNewest`).',
    says: ({ count }) => `${ordinal(count)}newest`,
  },
  BeforeInUse: {
    verdict: 'keep',
    means: 'It comes shortly before one in use (`keep.beforeInUse`).',
    says: ({ of, count }) => `${nth(count)} before ${of}, which is in use`,
  },
  Version: {
    verdict: 'keep',
    means: 'It has one of the highest versions (`keep.semver`).',
    says: ({ of, count }) => `${ordinal(count)}highest version of ${of}`,
  },
  Young: {
    verdict: 'keep',
    means: 'It was built lately, or its tag has named it only since lately (`keep.youngerThan`, S10).',
    says: ({ at }) => `it is young: of ${time(at)}`,
  },
  Unused: {
    verdict: 'keep',
    means: 'Nobody uses its repository, and the rule says `whenUnused: Keep`.',
    says: () => 'nobody uses its repository, and its rule keeps it then',
  },
  SubjectUnknown: {
    verdict: 'keep',
    means: 'It belongs to something that was not found, and not every repository was read in full (S09).',
    says: ({ of }) => `it belongs to ${of}, which may be in a repository that was not read in full`,
  },
  SubjectStays: {
    verdict: 'keep',
    means: 'It belongs to a manifest without a tag, which stays where it is.',
    says: ({ of }) => `it belongs to ${of}, which has no tag and stays`,
  },
  Orphan: {
    verdict: 'keep',
    means:
      'It belongs to something that the registry does not have, and the rule does not say `evictOrphans` (S09).',
    says: ({ of }) => `it belongs to ${of}, which is gone, and its rule does not evict orphans`,
  },
  PartOf: {
    verdict: 'keep',
    means: 'An index that stays holds it.',
    says: ({ of }) => `it is part of ${of}, which stays`,
  },
  Holds: {
    verdict: 'keep',
    means: 'It is an index that holds something in use, or something with a tag that stays.',
    says: ({ of }) => `it holds ${of}, which stays`,
  },
  BelongsTo: {
    verdict: 'keep',
    means: 'It is a signature, an attestation or the like of something that stays.',
    says: ({ of }) => `it belongs to ${of}, which stays`,
  },
  SubjectOf: {
    verdict: 'keep',
    means: 'Something that stays refers to it.',
    says: ({ of }) => `${of} refers to it and stays`,
  },
  BaseOf: {
    verdict: 'keep',
    means: 'An image that stays is built on it: by its layers, or by what its annotations say (S09).',
    says: ({ of }) => `${of} is built on it and stays`,
  },
  OverLimit: {
    verdict: 'keep',
    means: 'It would go, but `limits.maxEvictions` is reached: it goes in a later run (S11).',
    says: () => 'it goes in a later run: this one has as many as it may',
  },
  NotSoaked: {
    verdict: 'keep',
    means: 'It would go, but not every plan of `soak` says so yet (S10).',
    says: () => 'it goes when it has been in the plan for long enough',
  },
  NotApproved: {
    verdict: 'keep',
    means: 'It would go now, but the plan that was approved does not say so (S12).',
    says: () => 'the approved plan does not name it',
  },
  Superseded: {
    verdict: 'go',
    means:
      'Nothing of its rule keeps it. How many digests of its stream are newer, and since when it is known not to be used.',
    says: ({ of, count, at }) => `${counted(count, 'newer digest')}${unused(of, at)}`,
  },
  Anchor: {
    verdict: 'go',
    means: 'It is a tag that held a digest in use which had no other (S14), and that is not in use any more.',
    says: ({ of, at }) => `it held what was in use without a tag, and is not any more${unused(of, at)}`,
  },
  RepositoryUnused: {
    verdict: 'go',
    means: 'Nobody uses its repository, and the rule says `whenUnused: Evict`.',
    says: ({ of, at }) => `nobody uses its repository${unused(of, at)}`,
  },
  FollowsSubject: {
    verdict: 'go',
    means: 'It is a signature, an attestation or the like of something that goes.',
    says: ({ of }) => `it belongs to ${of}, which goes`,
  },
  OrphanGoes: {
    verdict: 'go',
    means: 'It belongs to something that the registry does not have, and the rule says `evictOrphans`.',
    says: ({ of }) => `it belongs to ${of}, which is gone`,
  },
} as const satisfies Record<string, ReasonEntry>

export type ReasonCode = keyof typeof REASONS

export function reason(code: ReasonCode, of = '', count = 0, at?: number): Reason {
  return { code, of, count, at }
}

/** For what goes because nobody uses it. @param newer how many digests are newer */
export function unusedReason(
  code: 'Superseded' | 'Anchor' | 'RepositoryUnused',
  since: UnusedSince | undefined,
  newer = 0,
): Reason {
  // Before that day it may have been used: nobody looked.
  return reason(code, since?.isWatchStart === true ? 'watching began' : '', newer, since?.at)
}

/** `prod-eu/shop/Deployment/cart runs it`, without the verdict before it. */
export function reasonText(reason: Reason): string {
  return REASONS[reason.code].says(reason)
}

function unused(event: string, at: number | undefined): string {
  if (at === undefined) return ''
  return `, not used since ${event === '' ? '' : `${event} on `}${day(at)}`
}

function day(at: number | undefined): string {
  return time(at).slice(0, 10)
}

function time(at: number | undefined): string {
  return at === undefined ? 'an unknown time' : new Date(at).toISOString()
}

/** Empty for the first: "newest", "2nd newest". */
function ordinal(place: number): string {
  return place === 1 ? '' : `${nth(place)} `
}

function nth(place: number): string {
  const endings: Readonly<Record<string, string>> = { one: 'st', two: 'nd', few: 'rd' }
  return `${place}${endings[ORDINALS.select(place)] ?? 'th'}`
}

const ORDINALS = new Intl.PluralRules('en', { type: 'ordinal' })
