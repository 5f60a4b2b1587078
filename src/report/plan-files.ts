import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { BlobSource } from '#registry/client.ts'
import { packedCsvPlan } from '#report/csv-plan.ts'
import { htmlPlan } from '#report/html-plan.ts'
import { packedJsonPlan } from '#report/json-plan.ts'
import type { PackedPlan } from '#report/packed-plan.ts'
import { removalLines } from '#report/plan-removals.ts'
import { chunks } from '#report/text-chunks.ts'
import { textFacts } from '#report/text-facts.ts'

/** The media type of what goes, as compressed lines of JSON (plan-removals.ts). */
export const REMOVALS_TYPE = 'application/vnd.tallyman.plan.removals.v1+gzip'

/** The media type of the whole plan, as compressed JSON (json-plan.ts). */
export const PLAN_JSON_TYPE = 'application/vnd.tallyman.plan.v1+gzip'

/** A file that is ready to be uploaded. */
interface WrittenFile {
  readonly digest: string
  /** Bytes. */
  readonly size: number
  /** From its beginning each time. */
  readonly read: BlobSource
}

interface PlanFile {
  readonly title: string
  readonly mediaType: string
  readonly write: (plan: PackedPlan) => Promise<WrittenFile>
}

/** What of a plan is kept in a registry. The page is compressed in itself. */
export const PLAN_FILES: readonly PlanFile[] = [
  {
    title: 'plan.json.gz',
    mediaType: PLAN_JSON_TYPE,
    write: (plan) => compressed(packedJsonPlan(plan)),
  },
  { title: 'plan.csv.gz', mediaType: 'application/gzip', write: (plan) => compressed(packedCsvPlan(plan)) },
  { title: 'plan.html', mediaType: 'text/html', write: page },
  { title: 'removals.ndjson.gz', mediaType: REMOVALS_TYPE, write: (plan) => compressed(removalLines(plan)) },
]

/** It is in memory while it is uploaded: of 400,000 tags about 20 MB. */
async function compressed(pieces: AsyncIterable<string>): Promise<WrittenFile> {
  const parts: Buffer[] = []
  const hash = createHash('sha256')
  await pipeline(pieces, createGzip(), async (zipped: AsyncIterable<Buffer>) => {
    for await (const part of zipped) {
      hash.update(part)
      parts.push(part)
    }
  })
  const size = parts.reduce((sum, { length }) => sum + length, 0)
  return { digest: `sha256:${hash.digest('hex')}`, size, read: () => eachOf(parts) }
}

/** It is written once to know what it is and then as it is sent: the rows in it are those of the packed plan. */
async function page(plan: PackedPlan): Promise<WrittenFile> {
  const { sha256, bytes } = await textFacts(htmlPlan(plan))
  return {
    digest: `sha256:${sha256.toString('hex')}`,
    size: bytes,
    read: () => eachOf(chunks(htmlPlan(plan))),
  }
}

async function* eachOf<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  yield* items
}
