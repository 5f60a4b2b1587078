import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SEVERITIES } from '#catalogue/finding-codes.ts'
import { compileSeverityRules, severityOf, worst } from '#health/severity.ts'
import { anySeverity, FINDING_CODE_LIST, findingOf } from '#test/harness/findings.ts'
import { imageUse } from '#test/harness/image-use.ts'

const RULES = compileSeverityRules([
  { namespaces: ['prod-test'], level: 'Info' },
  { namespaces: ['*prod*', 'live'], level: 'Critical' },
  { namespaces: ['*stag*'], level: 'Warning' },
  { namespaces: ['dev-*'], level: 'Info' },
])
const usedIn = (...namespaces: string[]) => imageUse('registry.example/app:v1', { namespaces })

describe('severity', () => {
  test.each([
    [['prod'], 'Critical'],
    [['live'], 'Critical'],
    [['my-staging'], 'Warning'],
    [['dev-a'], 'Info'],
    [['elsewhere'], 'Warning'],
    [['dev-a', 'elsewhere'], 'Warning'],
    [['dev-a', 'my-staging', 'prod'], 'Critical'],
    [['prod-test'], 'Info'],
    [['prod-test', 'dev-a'], 'Info'],
    [[], 'Warning'],
  ] as const)('of an image used in %j is %s', (namespaces, severity) => {
    expect(severityOf(findingOf('LayerMissing'), usedIn(...namespaces), RULES)).toBe(severity)
  })

  test('without rules is Warning', () => {
    expect(severityOf(findingOf('LayerMissing'), usedIn('prod'), compileSeverityRules(undefined))).toBe(
      'Warning',
    )
  })

  test('S24: of what harms nobody is Info, wherever it is used', () => {
    for (const code of FINDING_CODE_LIST) {
      expect(severityOf(findingOf(code, { harmful: false }), usedIn('prod'), RULES)).toBe('Info')
    }
    expect(severityOf(findingOf('Drifted', { harmful: true }), usedIn('prod'), RULES)).toBe('Info')
  })

  test('S24: of a refusal is Info where no pod names a pull secret: the node may have the credentials', () => {
    const onNode = imageUse('registry.example/app:v1', { namespaces: ['prod'], withPullSecret: false })
    expect(severityOf(findingOf('PullDenied'), onNode, RULES)).toBe('Info')
    expect(severityOf(findingOf('PullDenied'), usedIn('prod'), RULES)).toBe('Critical')
    expect(severityOf(findingOf('LayerMissing'), onNode, RULES)).toBe('Critical')
  })
})

describe('the worst of some severities', () => {
  test('is one of them, and none is worse', () => {
    fc.assert(
      fc.property(fc.array(anySeverity), (levels) => {
        const found = worst(levels)
        if (found === undefined) {
          expect(levels).toEqual([])
          return
        }
        expect(levels).toContain(found)
        const rank = (level: (typeof levels)[number]) => SEVERITIES.indexOf(level)
        for (const level of levels) expect(rank(found)).toBeLessThanOrEqual(rank(level))
      }),
    )
  })

  test('does not get better when another namespace uses the image', () => {
    const namespace = fc.constantFrom('prod', 'my-staging', 'dev-a', 'elsewhere')
    fc.assert(
      fc.property(fc.array(namespace, { minLength: 1 }), namespace, (namespaces, more) => {
        const rank = (used: string[]) =>
          SEVERITIES.indexOf(severityOf(findingOf('TagMissing'), usedIn(...used), RULES))
        expect(rank([...namespaces, more])).toBeLessThanOrEqual(rank(namespaces))
      }),
    )
  })
})
