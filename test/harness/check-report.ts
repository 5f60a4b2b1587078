import fc from 'fast-check'
import { FINDING_CODES } from '#catalogue/finding-codes.ts'
import type { Finding } from '#health/finding.ts'
import { type JudgedImage, rollUp, stateOf } from '#health/roll-up.ts'
import { verdictOf } from '#health/verdict.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import { buildCheckReport, type ReportInput } from '#report/build-check-report.ts'
import type { CheckReport } from '#report/check-report.ts'
import { anySeverity, FINDING_CODE_LIST, findingOf } from '#test/harness/findings.ts'
import { imageUse } from '#test/harness/image-use.ts'

/** When the runs of these reports end, ms since the epoch: 2027-01-10 12:00:10 UTC. */
export const RUN_END = Date.UTC(2027, 0, 10, 12, 0, 10)
/** Two intervals of 15 minutes after that. */
export const OUTDATED_AT = RUN_END + 30 * 60_000

export interface SampleImage extends JudgedImage {
  readonly use: ImageUse
}

export function healthyImage(image: string, changes: Partial<ImageUse> = {}): SampleImage {
  return { use: imageUse(image, changes), findings: [], ignored: [] }
}

/** An image in use by the namespace `apps`, with one finding. */
export function brokenImage(image: string, finding: Finding, changes: Partial<ImageUse> = {}): SampleImage {
  const use = imageUse(image, changes)
  return { use, findings: [{ ...finding, use }], ignored: [] }
}

/** What a run over these images hands to its report; all have been there for an hour. */
export function reportInput(images: readonly SampleImage[], changes: Partial<ReportInput> = {}): ReportInput {
  const summary = rollUp(images)
  return {
    check: { namespace: 'apps', name: 'in-use', uid: 'uid-of-in-use' },
    registry: { name: 'main', url: 'https://registry.example' },
    inventory: 'everything',
    spec: { scope: 'InUse', depth: 'Blobs' },
    run: {
      ...summary,
      startedAt: RUN_END - 10_000,
      finishedAt: RUN_END,
      oldestEvidence: RUN_END - 3_600_000,
      content: undefined,
      inUse: images.filter(({ use }) => use.kinds.length > 0).length,
      elsewhere: 3,
      accepted: images.flatMap(({ ignored }) => ignored),
      lookedAt: images.map((image) => ({
        use: image.use,
        state: stateOf(image),
        ...(image.use.reference?.tag === undefined
          ? {}
          : { place: { repository: image.use.reference.repository, reference: image.use.reference.tag } }),
      })),
    },
    verdict: verdictOf(summary),
    outdatedAt: OUTDATED_AT,
    firstSeen: () => RUN_END - 3_600_000,
    ...changes,
  }
}

export function checkReport(images: readonly SampleImage[], changes: Partial<ReportInput> = {}): CheckReport {
  return buildCheckReport(reportInput(images, changes))
}

/** One critical image that pods wait for, one with two findings, one that was not examined, one accepted, one healthy, one unused. */
export function sampleImages(): SampleImage[] {
  const web = imageUse('registry.example/shop/web:2.4', {
    pods: 3,
    pullFailures: 1,
    nodesCaching: 2,
    namespaces: ['shop-prod'],
    users: [{ cluster: 'prod', namespace: 'shop-prod', kind: 'Deployment', name: 'web' }],
  })
  const job = imageUse('registry.example/batch/job:7', { pods: 0, objects: 1 })
  const old = imageUse('registry.example/legacy/app:1')
  const unseen = imageUse('registry.example/slow/api:5')
  return [
    {
      use: web,
      findings: [
        {
          ...findingOf('LayerMissing', { severity: 'Critical', use: web }),
          subject: `sha256:${'ab'.repeat(32)}`,
          platform: 'linux/amd64',
          cause: 'REGISTRY_ABSENT',
          answer: {
            request: `GET https://registry.example/v2/shop/web/blobs/sha256:${'ab'.repeat(32)}`,
            status: 404,
          },
        },
      ],
      ignored: [],
    },
    {
      use: job,
      findings: [
        findingOf('ManifestDamaged', { use: job, platform: 'linux/arm64' }),
        findingOf('PlatformMissing', { use: job, platform: 'linux/amd64' }),
      ],
      ignored: [],
    },
    { use: unseen, findings: [findingOf('NotExamined', { use: unseen })], ignored: [] },
    { use: old, findings: [], ignored: [findingOf('TagMissing', { use: old })] },
    healthyImage('registry.example/shop/cart:1.0'),
    healthyImage('registry.example/shop/cart:0.9', { kinds: [], users: [], namespaces: [], pods: 0 }),
  ]
}

/** Texts that mean something to what shows them. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '</script><img src=x onerror=alert(1)>',
  '<!--<script>',
  '-->',
  ']]>',
  '"><b a="',
  "' onmouseover='alert(1)",
  '&lt;&amp;&#60;',
  '=HYPERLINK("https://evil.example")',
  "+cmd|' /C calc'!A0",
  "'=1",
  '@SUM(A1)',
  '\tA',
  'a,b"c\r\nd',
  'OK - all is well | images=0',
  'x\nCRITICAL - y',
  '\u202Egpj.exe\u202C',
  '\u0000\u0007\u001b[2J',
  '\ud800',
  '＝1',
  '',
] as const

export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 12 }),
)

const anyCount = fc.nat({ max: 20 })

const anyUse: fc.Arbitrary<ImageUse> = fc
  .record({
    image: anyText,
    isUsed: fc.boolean(),
    user: fc.record({ cluster: anyText, namespace: anyText, kind: anyText, name: anyText }),
    pods: anyCount,
    pullFailures: anyCount,
    nodesCaching: anyCount,
  })
  .map(({ image, isUsed, user, ...counts }) =>
    imageUse(image, {
      ...counts,
      kinds: isUsed ? ['pod'] : [],
      users: isUsed ? [user] : [],
      namespaces: isUsed ? [user.namespace] : [],
    }),
  )

const anyDefect = fc.record(
  {
    code: fc.constantFrom(...FINDING_CODE_LIST),
    severity: anySeverity,
    subject: anyText,
    message: anyText,
    platform: anyText,
    request: anyText,
    status: fc.integer({ min: 100, max: 599 }),
    expected: anyText,
    got: anyText,
  },
  { requiredKeys: ['code', 'severity', 'subject', 'message'] },
)

const anySampleImage: fc.Arbitrary<SampleImage> = fc
  .record({
    use: anyUse,
    findings: fc.array(anyDefect, { maxLength: 3 }),
    ignored: fc.array(anyDefect, { maxLength: 2 }),
  })
  .map(({ use, findings, ignored }) => {
    const finding = ({ request, status, expected, got, ...defect }: (typeof findings)[number]): Finding => ({
      ...defect,
      harmful: FINDING_CODES[defect.code].class !== 'info',
      answer: { request, status, expected, got },
      use,
    })
    return { use, findings: findings.map(finding), ignored: ignored.map(finding) }
  })

/** What any run over images with hostile texts hands to its report. */
export const anyReportInput: fc.Arbitrary<ReportInput> = fc
  .record({
    images: fc.uniqueArray(anySampleImage, { maxLength: 6, selector: ({ use }) => use.image }),
    name: anyText,
    url: anyText,
    reason: anyText,
    scope: fc.constantFrom('InUse' as const, 'All' as const),
    outdatedAt: fc.constantFrom(undefined, OUTDATED_AT),
    nodes: fc.array(anyText, { maxLength: 3 }),
  })
  .map(({ images, name, url, reason, scope, outdatedAt, nodes }) =>
    reportInput(images, {
      registry: { name, url },
      spec: {
        scope,
        depth: 'Content',
        ignore: [{ image: '**', until: '2027-06-01T00:00:00Z', reason }],
      },
      outdatedAt,
      nodes: () => ({ runs: nodes, ran: nodes, caches: nodes, cachingCount: nodes.length }),
    }),
  )

export const anyCheckReport: fc.Arbitrary<CheckReport> = anyReportInput.map(buildCheckReport)
