import type { CheckReport } from '#report/check-report.ts'

/** The report as JSON, in pieces: its head, then one line for each finding and each image. The order of keys is that of the schema. */
export function* jsonReport(report: CheckReport): Generator<string> {
  const { findings, images, ...head } = report
  yield JSON.stringify(head, null, 2).replace(/\n\}$/, ',\n')
  yield '  "findings": '
  yield* jsonLines(findings, '  ')
  yield ',\n  "images": '
  yield* jsonLines(images, '  ')
  yield '\n}\n'
}

/** The images that are in use, as a JSON array with one line for each. */
export function* jsonImagesInUse(report: CheckReport): Generator<string> {
  yield* jsonLines(
    report.images.filter(({ inUse }) => inUse),
    '',
  )
  yield '\n'
}

/** @param indent of the line that the array ends on */
function* jsonLines(rows: readonly unknown[], indent: string): Generator<string> {
  if (rows.length === 0) {
    yield '[]'
    return
  }
  let before = '['
  for (const row of rows) {
    yield `${before}\n${indent}  ${JSON.stringify(row)}`
    before = ','
  }
  yield `\n${indent}]`
}
