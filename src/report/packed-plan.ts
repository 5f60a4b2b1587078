import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { PlanHead, PolicyPlanDocument } from '#report/plan-document.ts'
import { type PlanRow, planRows } from '#report/plan-rows.ts'
import type { Action } from '#retention/verdict.ts'

/** One block takes some 5 ms to write or to read, and so long does nothing else have its turn. */
const ROWS_IN_BLOCK = 1_024

/** The order of what is most telling; a packed row has the place in it. */
export const ACTIONS = ['evict', 'untag', 'keep'] as const satisfies readonly Action[]

/**
 * A plan that is kept: with 400,000 tags some 20 MB, most of which is their digests. The rows are the JSON of a PackedRow each, in blocks that are
 * compressed one by one: files are written from them as they are asked for, and the page carries them as they are.
 */
export interface PackedPlan {
  readonly head: PlanHead
  /** Those that have tags, in the order of the plan. */
  readonly repositories: readonly PackedRepository[]
  /** gzip of a JSON array. */
  readonly blocks: readonly Buffer[]
  /** Digest of what it says, apart from when, from figures of what stands against it, and from what it is compared with. */
  readonly content: string
}

/** How many tags of it stay and go. */
export interface PackedRepository extends Readonly<Record<Action, number>> {
  readonly name: string
}

/** @property repository its place in the list @property action its place in ACTIONS */
export type PackedRow = readonly [
  repository: number,
  tag: string,
  action: number,
  code: PlanRow['code'],
  reason: string,
  rule: string | null,
  digest: string | null,
]

/** Packs a plan, so that its verdicts can be let go; other work has its turn meanwhile. */
export function packPlan(document: PolicyPlanDocument): Promise<PackedPlan> {
  const { repositories: _, ...head } = document
  return packRows(head, slices([planRows(document)]))
}

/** Packs a plan again, whose rows come in parts of any size. */
export function packParts(head: PlanHead, parts: AsyncIterable<readonly PlanRow[]>): Promise<PackedPlan> {
  return packRows(head, slices(parts))
}

/** The same plan with other words. */
export function repackPlan(
  plan: PackedPlan,
  head: PlanHead,
  change: (row: PlanRow) => PlanRow,
): Promise<PackedPlan> {
  return packRows(head, changed(unpackedRows(plan), change))
}

async function* changed(
  blocks: AsyncIterable<readonly PlanRow[]>,
  change: (row: PlanRow) => PlanRow,
): AsyncGenerator<PlanRow[]> {
  for await (const rows of blocks) yield rows.map(change)
}

/** All rows, a block at a time. */
export async function* unpackedRows({
  repositories,
  blocks,
}: PackedPlan): AsyncGenerator<PlanRow[], void, void> {
  for (const block of blocks) {
    const rows: PackedRow[] = JSON.parse((await unzipped(block)).toString('utf8'))
    yield rows.map(([repository, tag, action, code, reason, rule, digest]) => ({
      repository: repositories[repository]?.name ?? '',
      ...{ tag, digest, action: ACTIONS[action] ?? 'keep', code, reason, rule },
    }))
  }
}

const zipped = promisify<string, Buffer>(gzip)
const unzipped = promisify<Buffer, Buffer>(gunzip)

async function packRows(head: PlanHead, all: AsyncIterable<readonly PlanRow[]>): Promise<PackedPlan> {
  const hash = createHash('sha256').update(JSON.stringify(lasting(head)))
  const places = new Map<string, number>()
  const repositories: { name: string; keep: number; untag: number; evict: number }[] = []
  const blocks: Buffer[] = []
  for await (const rows of all) {
    const packed = rows.map(({ repository, tag, action, code, reason, rule, digest }): PackedRow => {
      const place = places.get(repository) ?? repositories.length
      const counts = repositories[place] ?? { name: repository, keep: 0, untag: 0, evict: 0 }
      if (place === repositories.length) {
        places.set(repository, place)
        repositories.push(counts)
      }
      counts[action] += 1
      return [place, tag, ACTIONS.indexOf(action), code, reason, rule, digest]
    })
    const text = JSON.stringify(packed)
    hash.update(text)
    blocks.push(await zipped(text))
  }
  for (const { name } of repositories) hash.update(`\n${name}`)
  return { head, repositories, blocks, content: `sha256:${hash.digest('hex')}` }
}

/** What does not change from plan to plan where the registry and its use do not. */
function lasting({ readAt: _, changes: __, blocks, ...rest }: PlanHead): unknown {
  return { ...rest, blocks: blocks.map(({ code }) => code) }
}

async function* slices(
  parts: Iterable<Iterable<PlanRow>> | AsyncIterable<Iterable<PlanRow>>,
): AsyncGenerator<PlanRow[], void, void> {
  let slice: PlanRow[] = []
  for await (const rows of parts) {
    for (const row of rows) {
      slice.push(row)
      if (slice.length < ROWS_IN_BLOCK) continue
      yield slice
      slice = []
    }
  }
  if (slice.length > 0) yield slice
}
