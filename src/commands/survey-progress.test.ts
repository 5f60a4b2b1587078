import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { progressLines, progressNotes, showProgress } from '#commands/survey-progress.ts'
import type { Terminal } from '#commands/terminal.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

const prod = { name: 'prod', kinds: 12, complete: 6, objects: 1234 }
const edge = { name: 'edge-1', kinds: 0, complete: 0, objects: 0 }
const done = { name: 'done', kinds: 2, complete: 2, objects: 1 }

describe('progress', () => {
  test('is a bar for each cluster', () => {
    expect(progressLines([prod, edge, done], { columns: 80, rows: 24 })).toEqual([
      'prod    ████████████░░░░░░░░░░░░ 6/12 kinds, 1234 objects so far',
      'edge-1  ░░░░░░░░░░░░░░░░░░░░░░░░ not listed yet',
      'done    ████████████████████████ 2/2 kinds, 1 object so far',
    ])
  })

  test('fits the terminal, and shows first what is not complete', () => {
    const lines = progressLines([done, done, done, prod, edge], { columns: 30, rows: 4 })
    expect(lines).toEqual(['prod    ██████…objects so far', 'edge-1  ░░░░░░…not listed yet', '… and 3 more'])
    const cluster = fc.record({
      name: fc.string({ minLength: 1 }),
      kinds: fc.constant(2),
      complete: fc.nat(2),
      objects: fc.nat(),
    })
    const room = fc.record({
      columns: fc.integer({ min: 2, max: 200 }),
      rows: fc.integer({ min: 3, max: 50 }),
    })
    fc.assert(
      fc.property(fc.array(cluster), room, (clusters, { columns, rows }) => {
        const shown = progressLines(clusters, { columns, rows })
        expect(shown.length).toBeLessThan(rows)
        for (const line of shown) expect(line.length).toBeLessThan(columns)
      }),
    )
  })

  test('elsewhere is a line for each cluster that is not complete', () => {
    expect(progressNotes([prod, edge, done])).toEqual([
      'prod: 6/12 kinds, 1234 objects so far',
      'edge-1: not listed yet',
    ])
  })

  test('comes now and then until it is ended', async () => {
    const clock = new FakeClock()
    const shown: (readonly string[])[] = []
    const terminal: Terminal = {
      ...{ columns: undefined, progress: { columns: 80, rows: 24 }, print: async () => true },
      note: (line) => void shown.push([line]),
      show: (lines) => void shown.push(lines),
    }
    const end = showProgress(terminal, clock, () => [edge])
    await clock.advance(250)
    expect(shown).toHaveLength(2)
    end()
    await clock.advance(1_000)
    expect(shown).toHaveLength(3)
    expect(shown.at(-1)).toEqual([])
  })
})
