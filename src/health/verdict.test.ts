import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type JudgedImage, rollUp } from '#health/roll-up.ts'
import { verdictOf } from '#health/verdict.ts'
import { anyJudgedImage, findingOf } from '#test/harness/findings.ts'

type Code = Parameters<typeof findingOf>[0]

function run(healthy: number, ...codes: (readonly [Code, number])[]) {
  const broken = codes.flatMap(([code, count]) =>
    Array.from({ length: count }, (): JudgedImage => ({ findings: [findingOf(code)], ignored: [] })),
  )
  const whole = Array.from({ length: healthy }, (): JudgedImage => ({ findings: [], ignored: [] }))
  return rollUp([...whole, ...broken])
}

describe('the verdict', () => {
  test.each([
    ['all images complete', run(3), 'True', 'AllHealthy', '3 of 3 images are complete'],
    [
      'S22: nothing matched',
      run(0),
      'Unknown',
      'NothingMatched',
      'No image in scope belongs to this registry',
    ],
    [
      'one missing tag',
      run(2, ['TagMissing', 1]),
      'False',
      'ProblemsFound',
      '1 of 3 images cannot be pulled: 1 TagMissing',
    ],
    [
      'one in twenty refused',
      run(19, ['PullDenied', 1]),
      'True',
      'AllHealthy',
      '19 of 20 images are complete, 1 could not be examined',
    ],
    [
      'S22: one in nineteen refused',
      run(18, ['PullDenied', 1]),
      'Unknown',
      'CoverageTooLow',
      'Only 18 of 19 images could be examined: 1 PullDenied',
    ],
    [
      'S22: everything refused',
      run(0, ['PullDenied', 5]),
      'Unknown',
      'CoverageTooLow',
      'Only 0 of 5 images could be examined: 5 PullDenied',
    ],
    [
      'one in twenty silent',
      run(19, ['NotExamined', 1]),
      'True',
      'AllHealthy',
      '19 of 20 images are complete, 1 could not be examined',
    ],
    [
      'one in nineteen silent',
      run(18, ['NotExamined', 1]),
      'Unknown',
      'CoverageTooLow',
      'Only 18 of 19 images could be examined: 1 NotExamined',
    ],
    [
      'most of them silent',
      run(9, ['NotExamined', 10]),
      'Unknown',
      'RegistryUnreachable',
      'The registry did not answer for 10 of 19 images',
    ],
    [
      'a problem beside one in twenty silent',
      run(18, ['NotExamined', 1], ['LayerDamaged', 1]),
      'False',
      'ProblemsFound',
      '1 of 20 images cannot be pulled: 1 LayerDamaged, 1 NotExamined',
    ],
    ['only drift', run(1, ['Drifted', 2]), 'True', 'AllHealthy', '3 of 3 images are complete'],
  ])('with %s', (_what, world, status, reason, message) => {
    const verdict = verdictOf(world)
    expect(verdict).toMatchObject({ status, reason })
    expect(verdict.message).toContain(message)
  })

  test('counts an image that is known to be broken as seen, whatever else did not answer', () => {
    const both: JudgedImage = { findings: [findingOf('LayerMissing'), findingOf('NotExamined')], ignored: [] }
    expect(verdictOf(rollUp([both]))).toMatchObject({ status: 'False', reason: 'ProblemsFound' })
  })

  const worlds = fc.array(anyJudgedImage, { maxLength: 60 })

  test('S22: is True only where at least 95 % were seen, and all of those are whole', () => {
    fc.assert(
      fc.property(worlds, fc.nat(100), (images, healthy) => {
        const world = rollUp([
          ...images,
          ...Array.from({ length: healthy }, () => ({ findings: [], ignored: [] })),
        ])
        const { total, unhealthy, unknown } = world.images
        const isSeen = total > 0 && (total - unknown) * 100 >= total * 95
        expect(verdictOf(world).status).toBe(isSeen ? (unhealthy === 0 ? 'True' : 'False') : 'Unknown')
      }),
      { numRuns: 500 },
    )
  })

  test('speaks of an outage only where images are unknown because of it', () => {
    fc.assert(
      fc.property(worlds, (images) => {
        const world = rollUp(images)
        if (verdictOf(world).reason === 'RegistryUnreachable') expect(world.images.unknown).toBeGreaterThan(0)
      }),
    )
  })
})
