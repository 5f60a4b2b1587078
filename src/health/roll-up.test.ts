import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FINDING_CODES, PULL_BREAKING, SEVERITIES } from '#catalogue/finding-codes.ts'
import { type JudgedImage, rollUp, stateOf } from '#health/roll-up.ts'
import { anyFindingOf, anyJudgedImage, FINDING_CODE_LIST, findingOf } from '#test/harness/findings.ts'
import { imageUse } from '#test/harness/image-use.ts'

const images = fc.array(anyJudgedImage, { maxLength: 12 })
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
const judged = (...findings: JudgedImage['findings']): JudgedImage => ({ findings, ignored: [] })

describe('the state of an image', () => {
  test.each([
    ['nothing', [], 'healthy'],
    ['a missing layer', [findingOf('LayerMissing')], 'unhealthy'],
    ['a damaged config', [findingOf('ConfigDamaged')], 'unhealthy'],
    ['a missing layer that harms nobody', [findingOf('LayerMissing', { harmful: false })], 'healthy'],
    ['drift', [findingOf('Drifted')], 'healthy'],
    ['a refusal', [findingOf('PullDenied')], 'unknown'],
    ['no answer', [findingOf('NotExamined')], 'unknown'],
    ['no answer about what harms nobody', [findingOf('NotExamined', { harmful: false })], 'healthy'],
    ['a kind that is not understood', [findingOf('ManifestUnsupported')], 'unknown'],
    ['no answer, and a missing layer', [findingOf('NotExamined'), findingOf('LayerMissing')], 'unhealthy'],
  ])('with %s', (_what, findings, state) => {
    expect(stateOf(judged(...findings))).toBe(state)
  })

  test('is never unhealthy for what could not be seen', () => {
    const unseen = FINDING_CODE_LIST.filter((code) => !PULL_BREAKING.has(FINDING_CODES[code].class))
    const findings = fc.array(anyFindingOf(unseen))
    fc.assert(
      fc.property(findings, findings, (kept, ignored) => {
        expect(stateOf({ findings: kept, ignored })).not.toBe('unhealthy')
      }),
    )
  })

  test('S22: is not made healthy by accepting what could not be seen', () => {
    const unseen = anyFindingOf(['NotExamined', 'PullDenied', 'ManifestUnsupported'])
    fc.assert(
      fc.property(fc.array(unseen, { minLength: 1 }), (findings) => {
        expect(stateOf({ findings: [], ignored: findings })).toBe(stateOf({ findings, ignored: [] }))
      }),
    )
  })
})

describe('a run in numbers', () => {
  test('of nothing', () => {
    expect(rollUp([])).toEqual({
      images: { total: 0, healthy: 0, unhealthy: 0, unknown: 0 },
      unreachable: 0,
      findings: [],
      counts: [],
      severity: 'None',
      ignored: 0,
    })
  })

  test('names the worst finding first, then goes by image, code, platform and subject', () => {
    const at = (image: string) => ({ use: imageUse(image) })
    const findings = [
      findingOf('TagMissing', { ...at('a:1'), severity: 'Info' }),
      findingOf('LayerMissing', { ...at('b:1'), platform: 'linux/arm64' }),
      findingOf('LayerMissing', { ...at('b:1'), platform: 'linux/amd64', subject: 'y' }),
      findingOf('LayerMissing', { ...at('b:1'), platform: 'linux/amd64', subject: 'x' }),
      findingOf('ConfigMissing', at('b:1')),
      findingOf('TagMissing', { ...at('z:1'), severity: 'Critical' }),
    ]
    const { findings: ordered, counts, severity } = rollUp([judged(...findings)])
    expect(ordered.map((each) => findings.indexOf(each))).toEqual([5, 4, 3, 2, 1, 0])
    expect(severity).toBe('Critical')
    expect(counts).toEqual([
      { code: 'TagMissing', severity: 'Critical', count: 1 },
      { code: 'ConfigMissing', severity: 'Warning', count: 1 },
      { code: 'LayerMissing', severity: 'Warning', count: 3 },
      { code: 'TagMissing', severity: 'Info', count: 1 },
    ])
  })

  test('adds up', () => {
    fc.assert(
      fc.property(images, (all) => {
        const run = rollUp(all)
        const { total, healthy, unhealthy, unknown } = run.images
        expect(total).toBe(all.length)
        expect(healthy + unhealthy + unknown).toBe(total)
        expect(run.unreachable).toBeLessThanOrEqual(unknown)
        expect(sum(run.counts.map(({ count }) => count))).toBe(run.findings.length)
        expect(run.findings).toHaveLength(sum(all.map(({ findings }) => findings.length)))
        expect(run.ignored).toBe(sum(all.map(({ ignored }) => ignored.length)))
      }),
    )
  })

  test('names the severity of its first finding', () => {
    fc.assert(
      fc.property(images, (all) => {
        const { findings, severity } = rollUp(all)
        expect(severity).toBe(findings[0]?.severity ?? 'None')
        const ranks = findings.map((finding) => SEVERITIES.indexOf(finding.severity))
        expect(ranks).toEqual([...ranks].sort())
      }),
    )
  })

  test('does not depend on the order in which images were looked at', () => {
    const shown = (some: JudgedImage[]) => {
      const { findings, ...numbers } = rollUp(some)
      const names = findings.map(({ use, code, platform, subject }) => [use.image, code, platform, subject])
      return { ...numbers, names }
    }
    const shuffled = images.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(shown(other)).toEqual(shown(all))
      }),
    )
  })
})
