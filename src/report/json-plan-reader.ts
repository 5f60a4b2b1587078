import { z } from 'zod'
import { type PackedPlan, packParts } from '#report/packed-plan.ts'
import type { PlanHead } from '#report/plan-document.ts'
import type { PlanRow } from '#report/plan-rows.ts'
import { REASONS, type ReasonCode } from '#retention/reasons.ts'

/** 400,000 tags have some 130 MB. */
const MAX_BYTES = 512 * 1024 * 1024
/** In UTF-16 units; more than any field of a plan has. */
const MAX_LINE = 64 * 1024
/** Of what is said of a plan but for its tags: six for each change that it names, of which there are 600. */
const MAX_HEAD_LINES = 16_384
const ROWS_BEGIN = '  "tags": ['
const ROW_INDENT = '    '

/**
 * Packs a plan again from its JSON, line by line as jsonPlan writes them; other work has its turn meanwhile.
 * @throws Error it is nothing that we could have written
 */
export async function readJsonPlan(parts: AsyncIterable<Uint8Array>): Promise<PackedPlan> {
  const batches = linesOf(parts)
  const { head, rest } = await readHead(batches)
  return await packParts(head, rowParts(rest, batches))
}

/**
 * What a plan says of one repository, and its head: the lines of others are passed over.
 * @throws Error it is nothing that we could have written
 */
export async function readRowsOf(
  parts: AsyncIterable<Uint8Array>,
  repository: string,
): Promise<{ readonly head: PlanHead; readonly rows: readonly PlanRow[] }> {
  const batches = linesOf(parts)
  const { head, rest } = await readHead(batches)
  const named = JSON.stringify(repository)
  const rowsIn = (lines: readonly string[]) => lines.filter((line) => line.includes(named)).flatMap(rowOf)
  const rows = rowsIn(rest)
  for await (const lines of batches) rows.push(...rowsIn(lines))
  return { head, rows: rows.filter((row) => row.repository === repository) }
}

/** Whole lines, some at a time. */
async function* linesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string[], void, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let held = ''
  let bytes = 0
  for await (const part of parts) {
    bytes += part.byteLength
    const lines = (held + decoder.decode(part, { stream: true })).split('\n')
    held = lines.pop() ?? ''
    if (bytes > MAX_BYTES || held.length > MAX_LINE) throw new RangeError('it has more than a plan can have')
    yield lines
  }
}

/** `rest`: lines that were read beyond it. */
async function readHead(batches: AsyncGenerator<string[], void, void>) {
  const lines: string[] = []
  while (lines.length < MAX_HEAD_LINES) {
    const { value = [], done } = await batches.next()
    lines.push(...value)
    const end = lines.findIndex((line) => line.startsWith(ROWS_BEGIN))
    if (end !== -1) {
      const head: unknown = JSON.parse(`${lines.slice(0, end).join('\n').replace(/,$/, '')}}`)
      if (!isHead(head)) throw new TypeError('it is the plan of another version')
      return { head, rest: lines.slice(end + 1) }
    }
    if (done === true) break
  }
  throw new RangeError('it has no tags')
}

async function* rowParts(
  first: readonly string[],
  batches: AsyncIterable<string[]>,
): AsyncGenerator<PlanRow[], void, void> {
  yield first.flatMap(rowOf)
  for await (const lines of batches) yield lines.flatMap(rowOf)
}

/** None for the end of the list. */
function rowOf(line: string): PlanRow[] {
  return line.startsWith(ROW_INDENT) ? [Row.parse(JSON.parse(line.replace(/,$/, '')))] : []
}

const text = z.string()
const count = z.number()
const code = z.custom<ReasonCode>((value) => typeof value === 'string' && Object.hasOwn(REASONS, value))
const Row = z.object({
  ...{ repository: text, tag: text, digest: text.nullable(), action: z.enum(['keep', 'untag', 'evict']) },
  ...{ code, reason: text, rule: text.nullable() },
})
const ChangedTags = z.array(Row.omit({ rule: true }).extend({ code: code.nullable() }))
const Head = z.object({
  kind: z.literal('RegistryPolicyPlan'),
  version: z.literal(1),
  policy: z.object({ namespace: text, name: text, uid: text }),
  registry: z.object({ name: text, url: text, uid: text }),
  ...{ mode: text, digest: text, rules: text, readAt: text },
  summary: z.object({
    ...{ repositories: count, tags: count, keep: count, untag: count, evict: count },
    ...{ digests: count, unreferencedBytes: count, reasons: z.record(text, count) },
  }),
  blocks: z.array(
    z.object({ code: text, message: text, isAcceptable: z.boolean(), madeSince: z.number().optional() }),
  ),
  unmatchedRules: z.array(text),
  changes: z
    .object({
      ...{ before: text, added: count, dropped: count, unchanged: count },
      ...{ firstAdded: ChangedTags, firstDropped: ChangedTags },
    })
    .nullable(),
})

/** It stays as it was written, so that what is made of it is the same. */
function isHead(value: unknown): value is PlanHead {
  return Head.safeParse(value).success
}
