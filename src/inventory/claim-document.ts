import { z } from 'zod'
import type { UsageClaim } from '#inventory/claim.ts'
import {
  CLAIM_LIMITS,
  limitText,
  MAX_DOCUMENT_BYTES,
  MAX_ENTRIES,
  MAX_PATTERNS,
  MAX_RUNNING,
  withRunningApart,
} from '#inventory/claim-limits.ts'
import { MAX_TEXT_LENGTH } from '#inventory/image-texts.ts'
import { isPattern, parsePin } from '#inventory/pin.ts'
import { isDigest } from '#inventory/reference.ts'
import { LARGEST_SKEW_MS } from '#inventory/trust/distrust.ts'

/** Why nothing may be concluded from a claim: its installation may use anything. */
export type ClaimProblem =
  | 'Malformed'
  | 'UnknownVersion'
  | 'OtherInstallation'
  | 'ClockSkew'
  | 'Outdated'
  | 'NotSynced'
  | 'NotTrusted'

export type ReadClaim =
  | { readonly claim: UsageClaim }
  | { readonly problem: ClaimProblem; readonly message: string }

export interface ClaimExpectation {
  /** Whose claim it should be. */
  readonly installation: string
  /** ms since the epoch. */
  readonly now: number
  readonly maxAgeMs: number
}

/** A document of another version is not guessed at. */
const VERSION = 1
/** One for each ImageInventory. */
const MAX_LEDGERS = 10_000

const Time = z.iso.datetime()
const texts = (text: z.ZodType<string>, most = MAX_ENTRIES) => z.array(text).max(most).readonly()
const image = z.string().min(1).max(MAX_TEXT_LENGTH)
const digests = texts(z.string().max(256).refine(isDigest, 'no digest'))
const Document = z.object({
  version: z.literal(VERSION),
  installation: z.string().min(1).max(64),
  writtenAt: Time,
  coveredSince: Time.optional(),
  synced: z.boolean(),
  trusted: z.boolean(),
  exceeded: z.enum(CLAIM_LIMITS).optional().catch(undefined),
  images: texts(image),
  /** More of the images, where they are too many for one list: a version that does not know this one takes what lies in the others. */
  running: texts(image, MAX_RUNNING).optional(),
  digests,
  configs: digests,
  pins: texts(z.string().refine((text) => !('problem' in parsePin(text)), 'no pin')).refine(
    (pins) => pins.filter(isPattern).length <= MAX_PATTERNS,
    `more than ${MAX_PATTERNS} patterns`,
  ),
  ledgers: z
    .array(
      z.object({
        inventory: z.string().min(1).max(512),
        id: z.string().min(1).max(64),
        since: Time,
        isKept: z.boolean(),
      }),
    )
    .max(MAX_LEDGERS)
    .optional(),
})
const Versioned = z.object({ version: z.unknown() })

export function writeClaim({ writtenAt, coveredSince, ledgers, ...claim }: UsageClaim): string {
  return JSON.stringify({
    version: VERSION,
    ...claim,
    ...(claim.images.length > MAX_ENTRIES ? withRunningApart(claim) : {}),
    writtenAt: new Date(writtenAt).toISOString(),
    ...(coveredSince === undefined ? {} : { coveredSince: new Date(coveredSince).toISOString() }),
    ledgers: ledgers?.map((each) => ({ ...each, since: new Date(each.since).toISOString() })),
  } satisfies z.input<typeof Document>)
}

/** Never throws: what cannot be used is a problem, of which the message quotes nothing. */
export function readClaim(text: string, expected: ClaimExpectation): ReadClaim {
  const read = parseDocument(text)
  if ('problem' in read) return read
  const { writtenAt, coveredSince, version: _, running, ledgers, ...rest } = read.document
  const claim: UsageClaim = {
    ...rest,
    ...(running === undefined ? {} : { images: [...rest.images, ...running].sort() }),
    writtenAt: Date.parse(writtenAt),
    ...(coveredSince === undefined ? {} : { coveredSince: Date.parse(coveredSince) }),
    ...(ledgers === undefined
      ? {}
      : { ledgers: ledgers.map((each) => ({ ...each, since: Date.parse(each.since) })) }),
  }
  return problemOf(claim, expected) ?? { claim }
}

function problemOf(
  claim: UsageClaim,
  { installation, now, maxAgeMs }: ClaimExpectation,
): ReadClaim | undefined {
  const ageMs = now - claim.writtenAt
  if (claim.installation !== installation) {
    return unusable('OtherInstallation', `It is the claim of ${claim.installation}, not of ${installation}`)
  }
  if (ageMs < -LARGEST_SKEW_MS)
    return unusable('ClockSkew', `It was written ${seconds(-ageMs)} in the future`)
  if (ageMs > maxAgeMs) {
    return unusable('Outdated', `It was written ${seconds(ageMs)} ago, more than ${seconds(maxAgeMs)}`)
  }
  if (!claim.synced) return unusable('NotSynced', notSynced(claim))
  if (!claim.trusted) return unusable('NotTrusted', 'Its installation does not trust what it knows')
  return undefined
}

function notSynced({ exceeded }: UsageClaim): string {
  if (exceeded === undefined) return 'Its installation does not know all that it uses'
  return `Its installation uses more than a claim can say: ${limitText(exceeded)}`
}

function parseDocument(
  text: string,
): { document: z.output<typeof Document> } | Exclude<ReadClaim, { claim: unknown }> {
  if (text.length > MAX_DOCUMENT_BYTES)
    return unusable('Malformed', `It is longer than ${MAX_DOCUMENT_BYTES} characters`)
  const raw = parseJson(text)
  const version = Versioned.safeParse(raw).data?.version
  if (version !== undefined && version !== VERSION) {
    return unusable('UnknownVersion', `It is of another version than ${VERSION}`)
  }
  const { data, error } = Document.safeParse(raw)
  if (data !== undefined) return { document: data }
  const issue = error.issues[0]
  return unusable('Malformed', `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`)
}

/** undefined: it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

function unusable(problem: ClaimProblem, message: string) {
  return { problem, message }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}
