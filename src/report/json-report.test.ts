import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CheckReport } from '#report/check-report.ts'
import { jsonImagesInUse, jsonReport } from '#report/json-report.ts'
import { anyCheckReport, checkReport, sampleImages } from '#test/harness/check-report.ts'

const textOf = (pieces: Iterable<string>) => [...pieces].join('')

describe('the JSON report', () => {
  test('gives back the document, also one with nothing in it', () => {
    fc.assert(
      fc.property(anyCheckReport, (report) => {
        const text = textOf(jsonReport(report))
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(report)))
        expect(text.isWellFormed()).toBe(true)
      }),
    )
    expect(JSON.parse(textOf(jsonReport(checkReport([]))))).toMatchObject({ findings: [], images: [] })
  })

  test('a report that was read back is written as it was: the order of keys is that of the schema', () => {
    fc.assert(
      fc.property(anyCheckReport, (report) => {
        const text = textOf(jsonReport(report))
        const read = CheckReport.parse(reversedKeys(JSON.parse(text)))
        expect(textOf(jsonReport(read))).toBe(text)
      }),
    )
  })

  test('has a line for each finding and each image, so that two of them can be compared', () => {
    const report = checkReport(sampleImages())
    const lines = textOf(jsonReport(report)).split('\n')
    expect(lines.filter((line) => line.startsWith('    {"severity":'))).toHaveLength(report.findings.length)
    expect(lines.filter((line) => line.startsWith('    {"state":'))).toHaveLength(report.images.length)
  })

  test('the list of images has those in use', () => {
    const images: unknown[] = JSON.parse(textOf(jsonImagesInUse(checkReport(sampleImages()))))
    expect(images).toHaveLength(5)
    expect(images[0]).toMatchObject({ image: 'registry.example/batch/job:7', inUse: true })
    expect(JSON.parse(textOf(jsonImagesInUse(checkReport([]))))).toEqual([])
  })
})

function reversedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversedKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversedKeys(item)]),
  )
}
