import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvCell } from '#report/csv-lines.ts'
import { csvFindings, csvImages } from '#report/csv-report.ts'
import { anyCheckReport, anyText, checkReport, sampleImages } from '#test/harness/check-report.ts'

/** A reader of RFC 4180, written from its grammar. */
function parseCsv(text: string): string[][] {
  const records: string[][] = []
  let at = 0
  while (at < text.length) {
    const record: string[] = []
    for (;;) {
      const [, quoted, plain] = /"((?:[^"]|"")*)"|([^",\r\n]*)/y.exec(text.slice(at)) ?? []
      const length = quoted === undefined ? (plain ?? '').length : quoted.length + 2
      record.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
      at += length
      if (text[at] !== ',') break
      at += 1
    }
    if (text.slice(at, at + 2) !== '\r\n') throw new Error(`no line end at ${at}: ${text.slice(at, at + 20)}`)
    at += 2
    records.push(record)
  }
  return records
}

/** What a cell was before it was made safe. */
function unguarded(cell: string): string {
  return cell.startsWith("'") ? cell.slice(1) : cell
}

const rowsOf = (lines: Iterable<string>) => parseCsv([...lines].join(''))

describe('the CSV report', () => {
  test('says what the report says, whatever the texts, and each record is complete', () => {
    fc.assert(
      fc.property(anyCheckReport, (report) => {
        const [head = [], ...rows] = rowsOf(csvFindings(report))
        expect(rows).toHaveLength(report.findings.length)
        const value = (row: string[], column: string) => unguarded(row[head.indexOf(column)] ?? '')
        report.findings.forEach((finding, index) => {
          const row = rows[index] ?? []
          expect(row).toHaveLength(head.length)
          expect(value(row, 'image')).toBe(finding.image)
          expect(value(row, 'message')).toBe(finding.message)
          expect(value(row, 'platform')).toBe(finding.platform ?? '')
          expect(value(row, 'got')).toBe(finding.evidence.got ?? '')
          expect(value(row, 'ignored_because')).toBe(finding.ignored?.reason ?? '')
          expect(value(row, 'pods')).toBe(String(finding.pods))
        })
      }),
    )
  })

  test('no cell begins a formula in a spreadsheet', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const [[cell = ''] = []] = parseCsv(`${csvCell(text)}\r\n`)
        expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/)
        expect(unguarded(cell)).toBe(text)
      }),
    )
    expect(csvCell('=1+1')).toBe("'=1+1")
    expect(csvCell('-1,"x"')).toBe(`"'-1,""x"""`)
  })

  test('the list of images has all of them, with their state', () => {
    const [head = [], ...rows] = rowsOf(csvImages(checkReport(sampleImages())))
    expect(head.slice(0, 2)).toEqual(['state', 'image'])
    expect(rows.map(([state]) => state)).toEqual([
      'unhealthy',
      'unhealthy',
      'unknown',
      'healthy',
      'healthy',
      'healthy',
    ])
  })
})
