import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verdictOfStatus } from '#report/current-verdict.ts'
import { NAGIOS_STATES, nagiosState } from '#report/nagios-state.ts'
import { linesOfReport, linesOfStatus, nagiosText } from '#report/nagios-text.ts'
import {
  anyCheckReport,
  checkReport,
  OUTDATED_AT,
  RUN_END,
  sampleImages,
} from '#test/harness/check-report.ts'
import { verdictOfReport } from '#test/harness/check-verdict.ts'

describe('the text for Nagios', () => {
  test('begins with the state, then has a line for each image with where it runs', () => {
    const nodes = (image: string) =>
      image.includes('batch')
        ? { runs: [], ran: ['prod/node-7'], caches: ['prod/node-7', 'prod/node-8'], cachingCount: 9 }
        : undefined
    const report = checkReport(sampleImages(), { nodes })
    const text = [...nagiosText(verdictOfReport(report, RUN_END + 60_000), linesOfReport(report))].join('')
    // One of six images was not examined, which is more than a twentieth.
    expect(text).toBe(
      'CRITICAL - Only 5 of 6 images could be examined: 1 LayerMissing, 1 ManifestDamaged, 1 NotExamined, 1 PlatformMissing (looked at 2027-01-10T12:00:10.000Z)' +
        ' | images=6 healthy=3 unhealthy=2 unknown=1 critical=1 warning=3 info=0 age=60s\n' +
        'Critical: registry.example/shop/web:2.4: LayerMissing linux/amd64; ImagePullBackOff in 1 pod; cached on 2 nodes; used by prod/shop-prod/Deployment/web; 3 pods\n' +
        'Warning: registry.example/batch/job:7: ManifestDamaged linux/arm64, PlatformMissing linux/amd64; ran on prod/node-7; cached on prod/node-7, prod/node-8 and 7 more; used by local/apps/Deployment/web\n' +
        'Warning: registry.example/slow/api:5: NotExamined; used by local/apps/Deployment/web; 1 pod\n',
    )
  })

  test('says as much as the status holds where there is no report, and that there is more', () => {
    const status = {
      findings: [
        {
          image: 'registry.example/shop/web:2.4',
          code: 'LayerMissing' as const,
          severity: 'Critical' as const,
          message: 'gone',
          usedBy: ['prod/shop-prod/Deployment/web'],
          pods: 3,
          pullFailures: 1,
          cachedOnNodes: 2,
          firstSeen: '2027-01-10T11:00:10Z',
        },
      ],
      findingCounts: [{ code: 'LayerMissing' as const, severity: 'Critical' as const, count: 22 }],
    }
    expect([...linesOfStatus(status)]).toEqual([
      'Critical: registry.example/shop/web:2.4: LayerMissing; ImagePullBackOff in 1 pod; cached on 2 nodes; used by prod/shop-prod/Deployment/web; 3 pods',
      'and 21 more: the full report is not in this pod',
    ])
    expect([...linesOfStatus(undefined)]).toEqual([])
  })

  test('S22: a check without a run is UNKNOWN', () => {
    const never = { status: undefined, outdatedAt: undefined, isSuspended: false, now: RUN_END }
    expect([...nagiosText(verdictOfStatus(never), [])]).toEqual(['UNKNOWN - No run has ended yet\n'])
  })

  test('says that nobody has to act where everything that is broken is Info', () => {
    const images = sampleImages().map((image) => ({
      ...image,
      findings: image.findings
        .filter(({ code }) => code !== 'NotExamined')
        .map((finding) => ({ ...finding, severity: 'Info' as const })),
    }))
    const report = checkReport(images)
    const [first] = nagiosText(verdictOfReport(report, RUN_END), [])
    expect(first).toMatch(/^OK - 2 of 6 images cannot be pulled: .*, all of severity Info/)
  })

  test('whatever the texts: the first word is the state, and nothing in it acts on Nagios, its pages or a terminal', () => {
    fc.assert(
      fc.property(anyCheckReport, fc.constantFrom(RUN_END, OUTDATED_AT + 1), (report, now) => {
        const verdict = verdictOfReport(report, now)
        const lines = [...nagiosText(verdict, linesOfReport(report))].join('').split('\n')
        const [first = '', ...rest] = lines
        expect(NAGIOS_STATES).toContain(first.split(' ')[0])
        expect(first.split(' ')[0]).toBe(nagiosState(verdict))
        const images = new Set(report.findings.flatMap((each) => (each.ignored === null ? [each.image] : [])))
        expect(rest).toHaveLength(images.size + 1)
        expect(lines.join('')).not.toMatch(/[<>\p{Cc}\p{Cf}\p{Cs}]/u)
        expect(rest.join('')).not.toContain('|')
        expect(first.split('|').length).toBeLessThanOrEqual(2)
      }),
    )
  })
})
