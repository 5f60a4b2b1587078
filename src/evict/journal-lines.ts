import { z } from 'zod'
import { TallymanError } from '#catalogue/error.ts'
import { algorithmOf, digestOf } from '#registry/digest.ts'
import type { JournalRecord } from './journal.ts'

const Ended = z.object({
  tag: z.string().optional(),
  digest: z.string(),
  outcome: z.enum(['untagged', 'swept', 'gone', 'moved', 'spared', 'named', 'unreadable']),
})
const Bindings = z.array(z.object({ tag: z.string(), digest: z.string() }))
const Line = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('manifest'),
    digest: z.string(),
    mediaType: z.string(),
    base64: z.string(),
  }),
  z.object({
    kind: z.literal('intent'),
    id: z.string(),
    at: z.number(),
    step: z.discriminatedUnion('action', [
      z.object({ action: z.literal('untag'), bindings: Bindings }),
      z.object({ action: z.literal('overwrite'), bindings: Bindings, nonce: z.string() }),
      z.object({
        action: z.literal('sweep'),
        digests: z.array(z.string()),
        bindings: Bindings.optional(),
        tags: z
          .object({ whole: z.boolean(), came: z.array(z.string()), went: z.array(z.string()) })
          .optional(),
      }),
    ]),
  }),
  z.object({ kind: z.literal('outcome'), intent: z.string(), at: z.number(), ended: z.array(Ended) }),
  z.object({
    kind: z.literal('restored'),
    at: z.number(),
    tag: z.string().optional(),
    digest: z.string(),
    isNeeded: z.literal(true).optional(),
  }),
  z.object({
    kind: z.literal('trashing'),
    at: z.number(),
    repository: z.string(),
    manifests: z.array(z.object({ digest: z.string(), children: z.array(z.string()) })),
  }),
  z.object({
    kind: z.enum(['trashed', 'untrusted', 'purging', 'purged']),
    at: z.number(),
    repository: z.string(),
    digests: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('sample'),
    at: z.number(),
    images: z.array(z.object({ tag: z.string().optional(), digest: z.string() })),
  }),
  z.object({ kind: z.literal('verified'), at: z.number() }),
])

/** A record as a line of JSON. The bytes of a manifest are in base64, so that they come back as they were. */
export function toLine(record: JournalRecord): string {
  if (record.kind !== 'manifest') return `${JSON.stringify(record)}\n`
  const { bytes, ...rest } = record
  return `${JSON.stringify({ ...rest, base64: Buffer.from(bytes).toString('base64') })}\n`
}

/** @throws JOURNAL_INVALID where it is no record of this version, or a manifest that does not have its digest */
export function fromLine(line: string): JournalRecord {
  const parsed = Line.safeParse(json(line))
  if (!parsed.success) throw invalid(`is no record: ${line.slice(0, 80)}`, parsed.error)
  const record = parsed.data
  if (record.kind !== 'manifest') return record
  const { base64, ...rest } = record
  const bytes = Buffer.from(base64, 'base64')
  if (digestOf(bytes, algorithmOf(rest.digest)) !== rest.digest)
    throw invalid(`does not have the bytes of ${rest.digest}`)
  return { ...rest, bytes }
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw invalid(`is no JSON: ${line.slice(0, 80)}`, error)
  }
}

function invalid(why: string, cause?: unknown): TallymanError {
  const message = `A line of a journal ${why}`
  return new TallymanError('JOURNAL_INVALID', message, cause === undefined ? {} : { cause })
}
