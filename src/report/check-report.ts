import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '#catalogue/error-codes.ts'
import { FINDING_CODES, type FindingClass, SEVERITIES } from '#catalogue/finding-codes.ts'
import { FindingCodeField, SeverityField } from '#crds/registry-check.ts'

/** Grows when a field changes its meaning or goes; a reader takes no other than its own. */
export const CHECK_REPORT_VERSION = 1

const CLASSES = [...new Set(Object.values(FINDING_CODES).map((code) => code.class))]
const Class = z.enum(CLASSES as [FindingClass, ...FindingClass[]])
const Cause = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])
/** RFC 3339, UTC. */
const Time = z.iso.datetime()
const Count = z.int().nonnegative()

const User = z.object({ cluster: z.string(), namespace: z.string(), kind: z.string(), name: z.string() })

/** Nodes by `cluster/node`, the first few of each list. Empty lists prove nothing. */
const Nodes = z.object({
  /** Where pods run it. */
  runs: z.array(z.string()),
  /** Where pods that have ended ran it. */
  ran: z.array(z.string()),
  /** Where it lies in the cache of the node: a pod that is rescheduled elsewhere has to pull it. */
  caches: z.array(z.string()),
  /** All nodes that cache it. */
  cachingCount: Count,
})

/** What the registry was asked last about it, and what it answered. */
const Evidence = z.object({
  /** Method and URL without query. */
  request: z.string().nullable(),
  /** HTTP. */
  status: z.int().nullable(),
  errorCode: Cause.nullable(),
  /** Digest, or size in bytes. */
  expected: z.string().nullable(),
  got: z.string().nullable(),
})

const ReportedFinding = z.object({
  severity: SeverityField,
  code: FindingCodeField,
  class: Class,
  /** false: no pod would notice. */
  harmful: z.boolean(),
  /** As workloads write it. */
  image: z.string(),
  /** In the registry; null where the image is no legal reference. */
  repository: z.string().nullable(),
  /** Tag or digest that a pod pulls; null where it is about a whole repository. */
  reference: z.string().nullable(),
  /** Tag or digest that is wrong: the image's own, that of a platform's manifest, of a config, of a layer. */
  subject: z.string(),
  platform: z.string().nullable(),
  message: z.string(),
  evidence: Evidence,
  firstSeen: Time,
  /** The first few; `namespaces` has all of them. */
  users: z.array(User),
  namespaces: z.array(z.string()),
  pods: Count,
  /** Pods in ImagePullBackOff for this image. */
  pullFailures: Count,
  nodes: Nodes,
  /** Accepted by spec.ignore: it counts nowhere until then. */
  ignored: z.object({ until: Time, reason: z.string() }).nullable(),
})
export type ReportedFinding = z.infer<typeof ReportedFinding>

const ReportedImage = z.object({
  state: z.enum(['unhealthy', 'unknown', 'healthy']),
  image: z.string(),
  repository: z.string().nullable(),
  reference: z.string().nullable(),
  /** Of what the reference named when it was looked at, where that is known. */
  digest: z.string().nullable(),
  inUse: z.boolean(),
  /** The worst of its findings that count. */
  severity: SeverityField.nullable(),
  findings: Count,
  users: z.array(User),
  pods: Count,
})
export type ReportedImage = z.infer<typeof ReportedImage>

/**
 * One complete run of a RegistryCheck, as plain data: what every format is written from, and what can be read back.
 * Fields are always there; what is not known is null.
 */
export const CheckReport = z.object({
  kind: z.literal('RegistryCheckReport'),
  version: z.literal(CHECK_REPORT_VERSION),
  check: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  registry: z.object({ name: z.string(), url: z.string() }),
  inventory: z.string(),
  scope: z.enum(['InUse', 'All']),
  depth: z.enum(['Manifest', 'Blobs', 'Content']),
  run: z.object({
    startedAt: Time,
    finishedAt: Time,
    durationSeconds: z.number().nonnegative(),
    /** Two intervals after its end: from then on it says nothing (S22). null: never. */
    validUntil: Time.nullable(),
    /** When the oldest proof was made that it stands on (S26). */
    oldestEvidence: Time.nullable(),
  }),
  verdict: z.object({
    status: z.enum(['True', 'False', 'Unknown']),
    reason: z.string(),
    message: z.string(),
  }),
  severity: z.enum(['None', ...SEVERITIES]),
  imageCounts: z.object({
    total: Count,
    healthy: Count,
    unhealthy: Count,
    unknown: Count,
    inUse: Count,
    /** In use, and of another registry. */
    unmatched: Count,
  }),
  content: z.object({ blobs: Count, read: Count }).nullable(),
  /** Without those that are ignored. */
  findingCounts: z.array(z.object({ code: FindingCodeField, severity: SeverityField, count: Count })),
  ignoredCount: Count,
  /** All of them, worst first. */
  findings: z.array(ReportedFinding),
  /** All in scope: broken ones first, then those that nobody could look at, then by name. */
  images: z.array(ReportedImage),
})
export type CheckReport = z.infer<typeof CheckReport>

export type ReportedUser = z.infer<typeof User>
export type ImageNodes = z.infer<typeof Nodes>
