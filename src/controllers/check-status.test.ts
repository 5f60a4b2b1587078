import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { CheckRun } from '#controllers/check-run.ts'
import {
  beginningStatus,
  countNew,
  type FirstSeen,
  firstSeenOf,
  stalledStatus,
  statusAfterRun,
  statusWithVerdict,
  updateFirstSeen,
  withAnswer,
} from '#controllers/check-status.ts'
import { FINDINGS_IN_STATUS, RegistryCheckStatus } from '#crds/registry-check.ts'
import type { Finding } from '#health/finding.ts'
import { rollUp } from '#health/roll-up.ts'
import { type Verdict, verdictOf } from '#health/verdict.ts'
import { emptyMemory } from '#scan/lap-input.ts'
import { anyFinding, findingOf } from '#test/harness/findings.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { systemClock } from '#time/clock.ts'

const NOW = Date.UTC(2026, 0, 15, 12)
const STAMP = { generation: 3, now: NOW }
const NONE: FirstSeen = new Map()
const UNKNOWN: Verdict = { status: 'Unknown', reason: 'RegistryUnreachable', message: 'no answer' }

function runOf(findings: readonly Finding[]): CheckRun {
  const images = findings.map((finding) => ({ findings: [finding], ignored: [] }))
  return {
    ...rollUp(images),
    ...{
      startedAt: NOW - 90_400,
      finishedAt: NOW,
      elsewhere: 2,
      inUse: images.length,
      registryUrl: '',
      lookedAt: [],
      accepted: [],
    },
    ...{ oldestEvidence: NOW - 3_600_000, content: undefined, memory: emptyMemory(systemClock) },
  }
}

function statusOf(findings: readonly Finding[], before: RegistryCheckStatus = {}): RegistryCheckStatus {
  const run = runOf(findings)
  return statusAfterRun(before, run, verdictOf(run), updateFirstSeen(NONE, run.findings, NOW), STAMP)
}

function bytesOf(status: RegistryCheckStatus): number {
  return Buffer.byteLength(JSON.stringify(status))
}

describe('the status of a new spec', () => {
  const FIRST: Verdict = { status: 'Unknown', reason: 'NotCheckedYet', message: 'no run has ended' }
  const object = (status: RegistryCheckStatus) => ({ metadata: { generation: 3 }, status })

  test('is Progressing at first, keeps what was found before, and is not accepted yet', () => {
    const before = { ...statusOf([findingOf('TagMissing')]), observedGeneration: 2 }
    const status = beginningStatus(before, FIRST, STAMP)
    checkKstatus(object(status), 'running')
    expect(status).toMatchObject({ observedGeneration: 2, run: before.run, findings: before.findings })
    expect(status.conditions?.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`)).toEqual([
      'Reconciling=True Progressing',
      'Ready=Unknown Progressing',
      'Healthy=Unknown NotCheckedYet',
    ])
  })

  test('is Stalled where only its author can mend it', () => {
    const error = new TallymanError('SPEC_INVALID', 'spec.schedule: "daily" must be a cron expression')
    const status = stalledStatus(beginningStatus({}, FIRST, STAMP), error, STAMP)
    checkKstatus(object(status))
    expect(status.conditions?.map(({ type }) => type)).toEqual(['Stalled', 'Ready', 'Healthy'])
  })

  test('answers who asked for a run only when a run has ended, or cannot', () => {
    const answer = (verdict: Verdict) =>
      withAnswer(statusWithVerdict({}, verdict, STAMP), 'token').lastHandledReconcileAt
    expect(answer(FIRST)).toBeUndefined()
    expect(answer({ ...FIRST, reason: 'OutdatedReport' })).toBeUndefined()
    expect(answer(UNKNOWN)).toBe('token')
    expect(withAnswer(statusOf([]), undefined).lastHandledReconcileAt).toBeUndefined()
  })
})

describe('the status after a run', () => {
  test('says what was found, and when', () => {
    const finding = findingOf('LayerMissing', { platform: 'linux/amd64', severity: 'Critical' })
    expect(statusOf([finding])).toMatchObject({
      observedGeneration: 3,
      run: {
        startedAt: '2026-01-15T11:58:29Z',
        finishedAt: '2026-01-15T12:00:00Z',
        durationSeconds: 90,
      },
      images: { total: 1, healthy: 0, unhealthy: 1, unknown: 0 },
      severity: 'Critical',
      findingCounts: [{ code: 'LayerMissing', severity: 'Critical', count: 1 }],
      findings: [
        {
          image: 'registry.example/app:v1',
          code: 'LayerMissing',
          severity: 'Critical',
          platform: 'linux/amd64',
          message: 'LayerMissing was seen',
          usedBy: ['local/apps/Deployment/web'],
          pods: 1,
          firstSeen: '2026-01-15T12:00:00Z',
        },
      ],
      findingsTruncated: false,
      ignored: 0,
      unmatchedImages: 2,
    })
  })

  test('S25: is Ready whatever was found; the verdict stands beside it, about the same generation', () => {
    const { conditions = [] } = statusOf([findingOf('TagMissing')])
    expect(conditions).toMatchObject([
      { type: 'Ready', status: 'True', observedGeneration: 3 },
      { type: 'Healthy', status: 'False', reason: 'ProblemsFound', observedGeneration: 3 },
    ])
  })

  test('shows the first findings and counts all', () => {
    const findings = Array.from({ length: 25 }, (_, build) =>
      findingOf('TagMissing', { use: imageUse(`registry.example/app:${build}`) }),
    )
    const status = statusOf(findings)
    expect(status.findings).toHaveLength(FINDINGS_IN_STATUS)
    expect(status.findingsTruncated).toBe(true)
    expect(status.findingCounts).toEqual([{ code: 'TagMissing', severity: 'Warning', count: 25 }])
  })

  test('keeps what else stands in it', () => {
    expect(statusOf([], { lastHandledReconcileAt: 'yesterday' }).lastHandledReconcileAt).toBe('yesterday')
  })
})

describe('S25: the status with another verdict', () => {
  test('keeps findings, counts and time of the last complete run', () => {
    const before = statusOf([findingOf('TagMissing')])
    const { conditions, ...rest } = statusWithVerdict(before, UNKNOWN, { ...STAMP, now: NOW + 60_000 })
    const { conditions: _then, ...restBefore } = before
    expect(rest).toEqual(restBefore)
    expect(conditions).toMatchObject([
      { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-15T12:00:00Z' },
      { type: 'Healthy', status: 'Unknown', lastTransitionTime: '2026-01-15T12:01:00Z' },
    ])
  })
})

/** The longest of everything, in characters that take one, three and six bytes of JSON. */
const LONGEST = ['x', '\u6f22', '\u0001'].map((character) => {
  const text = character.repeat(40_000)
  const user = { cluster: text, namespace: text, kind: text, name: text }
  const use = imageUse(text, { users: Array.from({ length: 10 }, () => user), namespaces: [text] })
  return { character, finding: findingOf('LayerMissing', { message: text, platform: text, use }) }
})

describe('the size of a status', () => {
  test.each(LONGEST)(
    'stays under 128 KiB for 10,000 findings of the longest texts of $character',
    ({ finding }) => {
      const status = statusOf(Array.from({ length: 10_000 }, () => finding))
      expect(bytesOf(status)).toBeLessThan(128 * 1024)
      expect(status.findings?.length).toBeGreaterThan(0)
      expect(status.findingsTruncated).toBe(true)
      expect(status.findingCounts).toEqual([{ code: 'LayerMissing', severity: 'Warning', count: 10_000 }])
      expect(RegistryCheckStatus.safeParse(status).error).toBeUndefined()
    },
  )

  test('never exceeds what the CRD allows, whatever was found', () => {
    const anyText = fc.string({ unit: fc.constantFrom('x', '漢', '😀', '"', '\u0001'), maxLength: 5 })
    const finding = fc
      .record({ base: anyFinding, text: anyText, times: fc.nat(400) })
      .map(({ base, text, times }): Finding => {
        const long = text.repeat(times)
        return { ...base, message: long, platform: long, use: imageUse(long) }
      })
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 40 }), (findings) => {
        expect(RegistryCheckStatus.safeParse(statusOf(findings)).error).toBeUndefined()
      }),
    )
  })
})

describe('when a finding was first seen', () => {
  const finding = findingOf('TagMissing')
  const other = findingOf('LayerMissing')

  test('is kept as long as it is there, and begins anew when it was gone', () => {
    const first = updateFirstSeen(NONE, [finding], 1_000)
    const second = updateFirstSeen(first, [finding, other], 2_000)
    expect([...second.values()].map(({ at }) => at)).toEqual([1_000, 2_000])
    const gone = updateFirstSeen(second, [other], 3_000)
    const back = updateFirstSeen(gone, [finding, other], 4_000)
    expect([...back.values()].map(({ at }) => at)).toEqual([4_000, 2_000])
  })

  test('outlives a restart through the status', () => {
    const [{ finding: long } = { finding }] = LONGEST
    const findings = [finding, long]
    const before = firstSeenOf(statusOf(findings))
    const after = updateFirstSeen(before, findings, NOW + 3_600_000)
    expect([...after.values()].map(({ at }) => at)).toEqual([NOW, NOW])
    expect(countNew(after, before)).toBe(0)
    expect(firstSeenOf(undefined).size).toBe(0)
  })

  test('counts as news only where it harms', () => {
    const seen = updateFirstSeen(NONE, [finding, findingOf('LayerMissing', { harmful: false })], NOW)
    expect(countNew(seen, NONE)).toBe(1)
    expect(countNew(seen, seen)).toBe(0)
    expect(countNew(NONE, seen)).toBe(0)
  })

  test('is news in one direction or the other, never for what stays', () => {
    const findings = fc.array(anyFinding, { maxLength: 6 })
    fc.assert(
      fc.property(findings, findings, (then, now) => {
        const before = updateFirstSeen(NONE, then, 1)
        const after = updateFirstSeen(before, now, 2)
        expect(countNew(after, before)).toBe(
          [...after.values()].filter(({ at, harmful }) => at === 2 && harmful).length,
        )
        expect(countNew(updateFirstSeen(after, now, 3), after)).toBe(0)
      }),
    )
  })
})
