import { counted } from '#catalogue/counted.ts'
import type { TallymanError } from '#catalogue/error.ts'
import { printable } from '#commands/printable.ts'
import type { RowFormat } from '#commands/row-printer.ts'
import type { Evicted } from '#evict/evicted.ts'
import { csvCell } from '#report/csv-lines.ts'

export const RESTORE_OUTPUTS = ['table', 'json', 'csv'] as const
export type RestoreOutput = (typeof RESTORE_OUTPUTS)[number]

/** One thing that is gone, or was, and what became of it. */
export interface RestoreRow {
  readonly outcome: 'Evicted' | 'WouldRestore' | 'Restored' | 'Present' | 'Taken' | 'Failed'
  readonly thing: Evicted
  /** When it came back, ms since the epoch, where it is there already and that is known. */
  readonly backAt?: number | undefined
  /** Where it failed. */
  readonly error?: TallymanError | undefined
}

export function restoreFormat(output: RestoreOutput): RowFormat<RestoreRow> {
  switch (output) {
    case 'table':
      return new RestoreTable()
    case 'json':
      return {
        head: '[',
        row: (row, isFirst) => `${isFirst ? '' : ','}\n${JSON.stringify(fields(row))}`,
        tail: '\n]\n',
      }
    case 'csv':
      return {
        head: `${CSV_NAMES.join(',')}\r\n`,
        row: (row) => `${Object.values(fields(row)).map(csvCell).join(',')}\r\n`,
        tail: '',
      }
  }
}

const CSV_NAMES = [
  'outcome',
  'repository',
  'tag',
  'digest',
  'run',
  'gone_at',
  'code',
  'message',
  'back_at',
] as const

function fields({ outcome, thing, error, backAt }: RestoreRow) {
  const { repository, tag = null, digest, run, at } = thing
  return {
    ...{ outcome, repository, tag, digest, run, goneAt: new Date(at).toISOString() },
    code: error?.code ?? null,
    message: error?.message ?? null,
    backAt: backAt === undefined ? null : new Date(backAt).toISOString(),
  }
}

/** Wide enough for `WouldRestore`, the longest. */
const OUTCOME_WIDTH = 12

const COUNTED = [
  ['Evicted', 'gone'],
  ['WouldRestore', 'would be brought back'],
  ['Restored', 'brought back'],
  ['Present', 'there already'],
  ['Taken', 'named otherwise by now'],
  ['Failed', 'not brought back'],
] as const satisfies readonly (readonly [RestoreRow['outcome'], string])[]

/** A line for each thing, and then how many there were of each kind. */
class RestoreTable implements RowFormat<RestoreRow> {
  readonly head = ''
  readonly #counts = new Map<RestoreRow['outcome'], number>()

  row(row: RestoreRow): string {
    const { outcome, thing } = row
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1)
    const { repository, tag, digest } = thing
    const image = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`
    return `${outcome.padEnd(OUTCOME_WIDTH)}  ${printable(`${image}  ${detail(row)}`)}\n`
  }

  readonly tail = (): string => {
    const parts = COUNTED.flatMap(([outcome, means]) => {
      const count = this.#counts.get(outcome) ?? 0
      return count === 0 ? [] : [`${counted(count, 'thing')} ${means}`]
    })
    return parts.length === 0 ? '' : `\n${parts.join(', ')}.\n`
  }
}

function detail({ outcome, thing, error, backAt }: RestoreRow): string {
  if (error !== undefined) return `${error.code}: ${error.message}`
  if (outcome === 'Taken') return 'the tag names something else by now, and keeps that'
  const digest = thing.tag === undefined ? '' : `${thing.digest.slice(0, SHORT_DIGEST)}, `
  const back = backAt === undefined ? '' : `, is back since ${second(backAt)}`
  return `${digest}went ${second(thing.at)} by ${thing.run}${back}`
}

const SHORT_DIGEST = 'sha256:'.length + 12

function second(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}
