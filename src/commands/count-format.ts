import type { CountRow } from '#commands/count-rows.ts'
import { countedRepositories } from '#commands/listing-progress.ts'
import { printable } from '#commands/printable.ts'
import { isUnseen, PROBLEM_WORDS } from '#commands/problem-words.ts'
import type { RowFormat } from '#commands/row-printer.ts'
import { csvCell } from '#report/csv-lines.ts'

export const COUNT_OUTPUTS = ['table', 'json', 'csv'] as const
export type CountOutput = (typeof COUNT_OUTPUTS)[number]

/** What the rows of a count come to. */
export class CountTotal {
  repositories = 0
  tags = 0
  /** Repositories whose tags could not be counted. */
  unread = 0

  add({ tags, problem }: CountRow): void {
    this.repositories += 1
    this.tags += tags ?? 0
    if (isUnseen(problem)) this.unread += 1
  }
}

const WIDTH = 9

/** @param total of the rows that were formatted so far @param host as it stands in image references */
export function countFormat(host: string, output: CountOutput, total: CountTotal): RowFormat<CountRow> {
  switch (output) {
    case 'table':
      return {
        head: `${'TAGS'.padStart(WIDTH)}  REPOSITORY\n`,
        row: ({ repository, tags, problem }) => {
          const remark = isUnseen(problem) ? `  (${problem === undefined ? '' : PROBLEM_WORDS[problem]})` : ''
          return `${String(tags ?? '-').padStart(WIDTH)}  ${host}/${printable(repository)}${remark}\n`
        },
        tail: () => {
          const unread = total.unread === 0 ? '' : `, ${total.unread} of them not counted`
          return `${String(total.tags).padStart(WIDTH)}  in ${countedRepositories(total.repositories)}${unread}\n`
        },
      }
    case 'json':
      return {
        head: `{"registry":${JSON.stringify(host)},"repositories":[`,
        row: ({ repository, tags = null, problem = null }, isFirst) =>
          `${isFirst ? '' : ','}\n${JSON.stringify({ repository, tags, problem })}`,
        tail: () => {
          const { repositories, tags, unread } = total
          return `\n],"total":${JSON.stringify({ repositories, tags, unread })}}\n`
        },
      }
    case 'csv':
      return {
        head: 'registry,repository,tags,problem\r\n',
        row: ({ repository, tags = null, problem = null }) =>
          `${[host, repository, tags, problem].map(csvCell).join(',')}\r\n`,
        tail: '',
      }
  }
}
