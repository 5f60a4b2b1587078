import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkExitCode, checkVerdict } from '#commands/check-verdict.ts'
import { type JudgedImage, rollUp } from '#health/roll-up.ts'
import { anyFindingOf, FINDING_CODE_LIST, findingOf } from '#test/harness/findings.ts'

const HEALTHY: JudgedImage = { findings: [], ignored: [] }
const broken = (severity: 'Critical' | 'Warning' | 'Info'): JudgedImage => ({
  findings: [findingOf('LayerMissing', { severity })],
  ignored: [],
})
const UNSEEN: JudgedImage = { findings: [findingOf('NotExamined', { severity: 'Critical' })], ignored: [] }

function codeOf(images: readonly JudgedImage[], missing: readonly string[] = []): number {
  const run = rollUp(images)
  return checkExitCode(run, checkVerdict(run, { host: 'registry.example', scope: 'InUse', missing }))
}

describe('the exit code of a check', () => {
  test.each([
    ['everything can be pulled', [HEALTHY], 0],
    ['an accepted finding', [{ findings: [], ignored: broken('Critical').findings }], 0],
    ['a tag that moved on', [{ findings: [findingOf('Drifted', { severity: 'Info' })], ignored: [] }], 0],
    ['something critical', [HEALTHY, broken('Critical'), UNSEEN], 2],
    ['a warning', [broken('Warning')], 2],
    ['only what nobody uses', [HEALTHY, broken('Info')], 4],
    ['one of many that could not be looked at', [...Array<JudgedImage>(99).fill(HEALTHY), UNSEEN], 3],
    [
      'the same, accepted',
      [...Array<JudgedImage>(99).fill(HEALTHY), { findings: [], ignored: UNSEEN.findings }],
      3,
    ],
    ['what nobody uses, and one that could not be looked at', [HEALTHY, broken('Info'), UNSEEN], 3],
    ['nothing at all', [], 3],
  ])('S22: %s', (_what, images, code) => {
    expect(codeOf(images)).toBe(code)
  })

  test('S22: what is healthy without all clusters is not known to be, and what is broken is', () => {
    expect(codeOf([HEALTHY], ['prod'])).toBe(3)
    expect(codeOf([broken('Warning')], ['prod'])).toBe(2)
  })

  test('S22: is 0 only where every image was seen and none is broken', () => {
    const image = fc
      .array(anyFindingOf(FINDING_CODE_LIST), { maxLength: 2 })
      .map((findings): JudgedImage => ({ findings, ignored: [] }))
    fc.assert(
      fc.property(fc.array(image, { maxLength: 30 }), fc.subarray(['prod']), (images, missing) => {
        const { total, healthy } = rollUp(images).images
        const isGreen = total > 0 && healthy === total && missing.length === 0
        expect(codeOf(images, missing) === 0).toBe(isGreen)
      }),
    )
  })
})

describe('the verdict of a check', () => {
  const of = (scope: 'InUse' | 'All') =>
    checkVerdict(rollUp([]), { host: 'registry.example', scope, missing: [] }).message

  test('names the option that may help where nothing was looked at', () => {
    expect(of('InUse')).toContain(
      'belongs to registry.example; if pods name it otherwise, say so with --alias',
    )
    expect(of('All')).toContain('no tag of registry.example was found that is chosen')
  })
})
