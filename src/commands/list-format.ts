import { printable } from '#commands/printable.ts'
import { PROBLEM_WORDS } from '#commands/problem-words.ts'
import type { RowFormat } from '#commands/row-printer.ts'
import { shortened } from '#commands/table.ts'
import type { TagRow } from '#commands/tag-rows.ts'
import { csvCell } from '#report/csv-lines.ts'

export const LIST_OUTPUTS = ['table', 'names', 'json', 'csv'] as const
export type ListOutput = (typeof LIST_OUTPUTS)[number]

export interface TagColumns {
  readonly digests: boolean
  readonly mediaTypes: boolean
}

/** The repositories of a registry. @param host as it stands in image references */
export function repositoryFormat(host: string, output: ListOutput): RowFormat<string> {
  const nameOf = (repository: string) => `${host}/${printable(repository)}\n`
  switch (output) {
    case 'table':
      return { head: 'REPOSITORY\n', row: nameOf, tail: '' }
    case 'names':
      return { head: '', row: nameOf, tail: '' }
    case 'json':
      return jsonRows((repository) => ({ registry: host, repository }))
    case 'csv':
      return csvRows(['registry', 'repository'], (repository) => [host, repository])
  }
}

/** @param width of the terminal; undefined: nothing is cut */
export function tagFormat(
  host: string,
  output: ListOutput,
  columns: TagColumns,
  width: number | undefined,
): RowFormat<TagRow> {
  switch (output) {
    case 'table':
      return tableOfTags(host, columns, width)
    case 'names':
      return { head: '', row: (row) => (row.tag === undefined ? '' : `${pullable(host, row)}\n`), tail: '' }
    case 'json':
      return jsonRows((row) => ({
        image: row.tag === undefined ? null : imageOf(host, row),
        registry: host,
        repository: row.repository,
        tag: row.tag ?? null,
        digest: row.digest ?? null,
        mediaType: row.mediaType ?? null,
        problem: row.problem ?? null,
      }))
    case 'csv':
      return csvRows(['image', 'registry', 'repository', 'tag', 'digest', 'media_type', 'problem'], (row) => [
        row.tag === undefined ? null : imageOf(host, row),
        host,
        row.repository,
        row.tag ?? null,
        row.digest ?? null,
        row.mediaType ?? null,
        row.problem ?? null,
      ])
  }
}

const DIGEST_WIDTH = 'sha256:'.length + 64
/** As docker shortens it. */
const SHORT_DIGEST_WIDTH = 'sha256:'.length + 12
/** The longest that is common: that of a docker manifest list. */
const TYPE_WIDTH = 57
const SHORT_TYPE_WIDTH = 24
/** What the names want of the width. */
const NAME_WIDTH = 40

/** Columns of known width stand first, so that rows can be printed before the longest name is known. */
function tableOfTags(
  host: string,
  { digests, mediaTypes }: TagColumns,
  width: number | undefined,
): RowFormat<TagRow> {
  const whole = (digests ? DIGEST_WIDTH + 2 : 0) + (mediaTypes ? TYPE_WIDTH + 2 : 0) + NAME_WIDTH
  const isNarrow = width !== undefined && width < whole
  const digestCell = (text: string) =>
    isNarrow ? text.slice(0, SHORT_DIGEST_WIDTH).padEnd(SHORT_DIGEST_WIDTH) : text.padEnd(DIGEST_WIDTH)
  const typeCell = (text: string) =>
    isNarrow ? shortened(text, SHORT_TYPE_WIDTH).padEnd(SHORT_TYPE_WIDTH) : text.padEnd(TYPE_WIDTH)
  const line = (digest: string, type: string, name: string) =>
    [...(digests ? [digestCell(digest)] : []), ...(mediaTypes ? [typeCell(type)] : []), `${name}\n`].join(
      '  ',
    )
  return {
    head: line('DIGEST', 'MEDIA TYPE', 'IMAGE'),
    row: (row) => {
      const { digest = '-', mediaType = '-', problem } = row
      const remark = problem === undefined ? '' : `  (${PROBLEM_WORDS[problem] ?? problem})`
      return line(digest, printable(mediaType), `${imageOf(host, row)}${remark}`)
    },
    tail: '',
  }
}

/** An array with one row a line, so that it can be read line by line too. */
function jsonRows<Row>(fields: (row: Row) => object): RowFormat<Row> {
  return {
    head: '[',
    row: (row, isFirst) => `${isFirst ? '' : ','}\n${JSON.stringify(fields(row))}`,
    tail: '\n]\n',
  }
}

function csvRows<Row>(
  names: readonly string[],
  cells: (row: Row) => readonly (string | null)[],
): RowFormat<Row> {
  return {
    head: `${names.join(',')}\r\n`,
    row: (row) => `${cells(row).map(csvCell).join(',')}\r\n`,
    tail: '',
  }
}

function imageOf(host: string, { repository, tag }: TagRow): string {
  return printable(tag === undefined ? `${host}/${repository}` : `${host}/${repository}:${tag}`)
}

/** With its digest, where that is known: so it names one image for ever. */
function pullable(host: string, row: TagRow): string {
  return row.digest === undefined ? imageOf(host, row) : `${imageOf(host, row)}@${row.digest}`
}
