import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildCheckReport } from '#report/build-check-report.ts'
import { CheckReport } from '#report/check-report.ts'
import { anyReportInput, checkReport, sampleImages } from '#test/harness/check-report.ts'
import { findingOf } from '#test/harness/findings.ts'
import { imageUse } from '#test/harness/image-use.ts'

describe('the report of a run', () => {
  const report = checkReport(sampleImages())

  test('has every finding, worst first, with what was asked and answered', () => {
    expect(report.findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'Critical LayerMissing',
      'Warning ManifestDamaged',
      'Warning PlatformMissing',
      'Warning TagMissing',
      'Warning NotExamined',
    ])
    expect(report.findings[0]).toMatchObject({
      class: 'missing',
      repository: 'shop/web',
      reference: '2.4',
      platform: 'linux/amd64',
      evidence: { status: 404, errorCode: 'REGISTRY_ABSENT', expected: null, got: null },
      firstSeen: '2027-01-10T11:00:10.000Z',
      pods: 3,
      pullFailures: 1,
      nodes: { caches: [], cachingCount: 2 },
      ignored: null,
    })
  })

  test('has every image with its state, broken ones first, and says which are in use', () => {
    expect(report.images.map(({ state, image, inUse }) => [state, image, inUse])).toEqual([
      ['unhealthy', 'registry.example/batch/job:7', true],
      ['unhealthy', 'registry.example/shop/web:2.4', true],
      ['unknown', 'registry.example/slow/api:5', true],
      ['healthy', 'registry.example/legacy/app:1', true],
      ['healthy', 'registry.example/shop/cart:0.9', false],
      ['healthy', 'registry.example/shop/cart:1.0', true],
    ])
    expect(report.images[0]).toMatchObject({ severity: 'Warning', findings: 2 })
    expect(report.images[4]).toMatchObject({ severity: null, findings: 0, users: [] })
  })

  test('says until when and why a finding is accepted: by the rule that accepts it longest', () => {
    const ignore = [
      { image: '**', until: '2027-02-01T00:00:00Z', reason: 'soon' },
      { image: '*/legacy/*', code: 'TagMissing' as const, until: '2027-03-01T00:00:00Z', reason: 'migrated' },
      { image: '**', code: 'LayerMissing' as const, until: '2028-01-01T00:00:00Z', reason: 'another code' },
    ]
    const accepted = checkReport(sampleImages(), { spec: { scope: 'All', depth: 'Blobs', ignore } })
    expect(accepted.findings.filter(({ ignored }) => ignored !== null).map(({ ignored }) => ignored)).toEqual(
      [{ until: '2027-03-01T00:00:00.000Z', reason: 'migrated' }],
    )
    expect(accepted).toMatchObject({ scope: 'All', ignoredCount: 1 })
  })

  test('a finding about a whole repository has no reference', () => {
    const use = imageUse('registry.example/empty', { kinds: [], users: [] })
    const empty = findingOf('RepositoryEmpty', { use, subject: 'empty', severity: 'Info' })
    const withEmpty = checkReport([{ use: imageUse('registry.example/a:1'), findings: [empty], ignored: [] }])
    expect(withEmpty.findings[0]).toMatchObject({ repository: 'empty', reference: null, subject: 'empty' })
  })

  test('whatever was found, it is what its schema says, and comes back from JSON as it was', () => {
    fc.assert(
      fc.property(anyReportInput, (input) => {
        const built = buildCheckReport(input)
        expect(CheckReport.parse(JSON.parse(JSON.stringify(built)))).toEqual(
          JSON.parse(JSON.stringify(built)),
        )
      }),
    )
  })

  test('does not depend on the order in which the run looked', () => {
    fc.assert(
      fc.property(anyReportInput, (input) => {
        const { findings, accepted, lookedAt } = input.run
        const reversed = {
          ...input,
          run: {
            ...input.run,
            findings: findings.toReversed(),
            accepted: accepted.toReversed(),
            lookedAt: lookedAt.toReversed(),
          },
        }
        const codes = (report: CheckReport) =>
          report.findings.map(({ image, code, platform, subject }) => [image, code, platform, subject])
        expect(codes(buildCheckReport(reversed))).toEqual(codes(buildCheckReport(input)))
        expect(buildCheckReport(reversed).images.map(({ image }) => image)).toEqual(
          buildCheckReport(input).images.map(({ image }) => image),
        )
      }),
    )
  })

  test('a report of another version is not taken for one', () => {
    expect(CheckReport.safeParse({ ...report, version: 2 }).success).toBe(false)
  })
})
