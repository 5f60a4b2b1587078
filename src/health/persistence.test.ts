import { describe, expect, test } from 'vitest'
import type { Finding } from '#health/finding.ts'
import { withWhatWasFound } from '#health/persistence.ts'
import { rollUp, stateOf } from '#health/roll-up.ts'
import { verdictOf } from '#health/verdict.ts'
import { findingOf } from '#test/harness/findings.ts'
import { imageUse } from '#test/harness/image-use.ts'

const USE = imageUse('registry.example/app:v1')
const judged = (...findings: Finding[]) => ({ findings, ignored: [] })
const codes =
  (...before: Finding[]) =>
  (seen: ReturnType<typeof judged>) =>
    withWhatWasFound(seen, USE, before).findings.map(({ code }) => code)

describe('S22: what was found broken', () => {
  const found = codes(findingOf('LayerMissing'))

  test('stays found while the registry does not answer, or refuses to show it', () => {
    expect(found(judged(findingOf('NotExamined')))).toEqual(['NotExamined', 'LayerMissing'])
    expect(found(judged(findingOf('PullDenied')))).toEqual(['PullDenied', 'LayerMissing'])
    expect(
      stateOf(withWhatWasFound(judged(findingOf('NotExamined')), USE, [findingOf('LayerMissing')])),
    ).toBe('unhealthy')
  })

  test('is mended as soon as it is seen whole, and replaced by what is seen broken', () => {
    expect(found(judged())).toEqual([])
    expect(found(judged(findingOf('TagMissing')))).toEqual(['TagMissing'])
  })

  test('does not hide an outage', () => {
    const images = Array.from({ length: 4 }, () =>
      withWhatWasFound(judged(findingOf('NotExamined')), USE, [findingOf('LayerMissing')]),
    )
    expect(verdictOf(rollUp(images)).reason).toBe('RegistryUnreachable')
  })

  test('is told of those who use the image now', () => {
    const { findings } = withWhatWasFound(judged(findingOf('NotExamined')), USE, [findingOf('LayerMissing')])
    expect(findings.at(-1)?.use).toBe(USE)
  })
})

test('what could not be seen before is not found', () => {
  expect(codes(findingOf('NotExamined'), findingOf('Drifted'))(judged(findingOf('NotExamined')))).toEqual([
    'NotExamined',
  ])
})
