import { describe, expect, test } from 'vitest'
import {
  begun,
  ended,
  evictionsLeft,
  lostRecord,
  newRun,
  openRun,
  paused,
  runRefusal,
  type SaidNow,
} from '#controllers/policy-run.ts'
import { atOnce } from '#inventory/at-once.ts'
import { EMPTY_RECORD, inherited } from '#retention/policy-record.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { HOST, judged } from '#test/harness/judging.ts'
import { imageFacts, indexFacts, repositoryFacts } from '#test/harness/registry-facts.ts'
import { evictionsOf, intersect } from '#test/harness/retention-at-once.ts'

const NOW = Date.parse('2026-11-26T03:00:00Z')
const [a, b, c] = [imageFacts('a', 10), imageFacts('b', 11), imageFacts('c', 12)] as const
const index = { ...indexFacts('index', [c]), created: c.created }
const world = (tags: Parameters<typeof repositoryFacts>[1], used: readonly string[] = []) =>
  judged({
    repositories: [repositoryFacts('app', tags, { untagged: [c.digest] })],
    manifests: [a, b, c, index],
    used: used.map((tag) => imageUse(`${HOST}/app:${tag}`)),
  })
const whole = world({ v3: a, v2: b, v1: index })
const run = newRun({
  ...{ name: 'main', plan: 'sha256:1', cause: 'Approved', now: NOW, nonce: '3f9a' },
  ...{ registry: { uid: 'u', url: 'https://r.example' }, mark: 'mark' },
  evictions: evictionsOf(whole),
})

describe('a run that begins', () => {
  test('has an id that a tag may have, and that says when', () => {
    expect(run.id).toBe('main-20261126t030000-3f9a')
    const long = newRun({
      ...run,
      name: `${'x'.repeat(39)}-${'y'.repeat(200)}`,
      evictions: [],
      now: NOW,
      nonce: '0',
    })
    expect(long.id).toMatch(/^x{39}-20261126t030000-0$/)
  })

  test('may take what was decided, and nothing else', () => {
    expect(run.repositories).toEqual(['app'])
    expect(run.bindings.map(({ tag }) => tag)).toEqual(['v1', 'v2'])
    expect(new Set(run.digests.map(({ digest }) => digest))).toEqual(
      new Set([b.digest, c.digest, index.digest]),
    )
  })

  test('S12: uses its approval for good, and ends the one before', () => {
    const record = begun({ ...EMPTY_RECORD, run: { ...run, id: 'before' } }, run)
    expect(record).toMatchObject({
      run,
      approvals: [{ plan: 'sha256:1', run: run.id, usedAt: NOW }],
      runs: [{ id: 'before' }],
    })
    expect(begun(EMPTY_RECORD, { ...run, cause: 'Enforced' }).approvals).toEqual([])
  })

  test('S12: an approval that was used stays so when a run by agreement has the same plan', () => {
    const used = begun(EMPTY_RECORD, run)
    const later = begun(ended(used, NOW), { ...run, id: 'later', cause: 'Enforced' })
    expect(later).toMatchObject({ run: { id: 'later' }, approvals: used.approvals })
  })

  test('pauses and ends', () => {
    const record = begun(EMPTY_RECORD, run)
    expect(paused(record, 7).run?.resumesAt).toBe(7)
    expect(ended(record, NOW + 1)).toMatchObject({
      run: undefined,
      approvals: record.approvals,
      runs: [{ id: run.id, repositories: ['app'], finishedAt: NOW + 1 }],
    })
    expect(paused(EMPTY_RECORD, 7)).toBe(EMPTY_RECORD)
    expect(ended(EMPTY_RECORD, 7)).toBe(EMPTY_RECORD)
  })
})

describe('S31: a run that goes on', () => {
  const leftIn = (now: ReturnType<typeof judged>) => atOnce(evictionsLeft(run, intersect(run.bindings, now)))
  const left = (now: ReturnType<typeof judged>) => leftIn(now).evictions

  test('takes what is left of its tags, and sweeps all that it was to sweep', () => {
    const [eviction] = left(world({ v3: a, v1: index }))
    expect(eviction?.bindings).toEqual([{ tag: 'v1', digest: index.digest }])
    expect(new Set(eviction?.digests)).toEqual(new Set([b.digest, c.digest, index.digest]))
    expect(eviction?.tags).toEqual(
      new Map([
        ['v3', a.digest],
        ['v1', index.digest],
      ]),
    )
  })

  test('leaves a manifest that something contains that was pushed since', () => {
    const since = { ...indexFacts('since', [c]), created: a.created }
    const now = judged({
      repositories: [repositoryFacts('app', { v4: since, v1: index })],
      manifests: [a, b, c, index, since],
    })
    expect(new Set(left(now)[0]?.digests)).toEqual(new Set([b.digest, index.digest]))
  })

  test.each([
    [
      'that was not read in full',
      [{ ...repositoryFacts('app', { v3: a, v2: b }), incomplete: 'a listing broke off' }],
      'a listing broke off',
    ],
    ['that the registry does not list', [repositoryFacts('other', {})], 'does not list it'],
  ])('sweeps nothing in a repository %s, and leaves it for later', (_, repositories, why) => {
    const { evictions, postponed } = leftIn(judged({ repositories, manifests: [a, b, c, index] }))
    expect(evictions).toMatchObject([{ repository: 'app', bindings: [], digests: [] }])
    const error = { code: 'DELETE_UNSETTLED', message: expect.stringContaining(why) }
    expect(postponed).toMatchObject([{ repository: 'app', error }])
    expect(leftIn(world({ v3: a })).postponed).toEqual([])
  })

  test('S36: leaves tags for later, too, where their repository was not read in full', () => {
    const repositories = [{ ...repositoryFacts('app', { v3: a, v2: b }), incomplete: 'a listing broke off' }]
    const now = judged({ repositories, manifests: [a, b, c, index] })
    const { postponed } = atOnce(evictionsLeft({ ...run, digests: [] }, intersect(run.bindings, now)))
    expect(postponed).toMatchObject([
      { repository: 'app', error: { message: expect.stringContaining('a listing broke off. Of the tags') } },
    ])
  })

  test('leaves a tag that came into use, one that was moved, and one that it was not to take', () => {
    expect(left(world({ v3: a, v2: b, v1: index }, ['v2']))[0]?.bindings).toEqual([
      { tag: 'v1', digest: index.digest },
    ])
    expect(left(world({ v3: a, v2: index, v1: index }))[0]?.bindings).toEqual([
      { tag: 'v1', digest: index.digest },
    ])
    expect(left(world({ v3: a, v0: b, v1: index }))[0]?.bindings).toEqual([
      { tag: 'v1', digest: index.digest },
    ])
  })
})

describe('S32: a run that is open', () => {
  const said = (mode: SaidNow['spec']['mode'], more: object = {}): SaidNow => ({
    ...{ spec: { mode, approvedPlan: run.plan }, registry: run.registry, mark: run.mark },
    ...more,
  })
  const enforced = { ...run, cause: 'Enforced' } as const

  test('goes on as long as what it goes by is said', () => {
    for (const mode of ['Approve', 'Enforce'] as const) expect(runRefusal(run, said(mode))).toBeUndefined()
    expect(runRefusal(enforced, said('Enforce'))).toBeUndefined()
    expect(runRefusal(run, said('Approve', { mark: 'other rules' }))).toBeUndefined()
  })

  test('S21: never does when another policy of the name has begun it, whatever is said', () => {
    for (const open of [run, enforced]) {
      for (const mode of ['Approve', 'Enforce', 'DryRun'] as const) {
        const { run: left = open } = inherited({ ...EMPTY_RECORD, run: open })
        expect(runRefusal(left, said(mode))).toMatch(/another policy/)
      }
    }
  })

  test.each([
    ['is for another registry', run, said('Approve', { registry: { ...run.registry, uid: 'v' } })],
    [
      'is for another address',
      enforced,
      said('Enforce', { registry: { ...run.registry, url: 'https://s' } }),
    ],
    ['is approved, and the policy only plans', run, said('DryRun')],
    ['is approved, and the approval is taken back', run, said('Approve', { spec: { mode: 'Approve' } })],
    ['was agreed on, and now asks for approval', enforced, said('Approve')],
    ['was agreed on by other rules', enforced, said('Enforce', { mark: 'other rules' })],
  ] as const)('does not when it %s', (_what, open, now) => {
    expect(runRefusal(open, now)).toEqual(expect.stringMatching(/./))
  })
})

describe('S32: a record that does not know of the run that the status tells of', () => {
  const kept = { now: NOW, retainForMs: 1_000 }
  const older = ended(begun(EMPTY_RECORD, run), NOW)
  const at = (ms: number) => new Date(NOW - ms).toISOString()

  test('is not all that was done, whatever else it knows', () => {
    const wrong = { code: 'RECORD_CONFLICT', message: expect.stringContaining('run-5') }
    for (const record of [EMPTY_RECORD, older, begun(EMPTY_RECORD, run)]) {
      expect(lostRecord({ id: 'run-5' }, record, kept)).toMatchObject(wrong)
      expect(lostRecord({ id: 'run-5', finishedAt: at(1_000) }, record, kept)).toMatchObject(wrong)
    }
    expect(lostRecord({ id: run.id }, begun(EMPTY_RECORD, run), kept)).toBeUndefined()
    expect(lostRecord({ id: run.id }, older, kept)).toBeUndefined()
    expect(lostRecord(undefined, EMPTY_RECORD, kept)).toBeUndefined()
  })

  test('may have forgotten one that has been over for so long that nothing of it is left', () => {
    expect(lostRecord({ id: 'run-5', finishedAt: at(1_001) }, EMPTY_RECORD, kept)).toBeUndefined()
  })

  test('has no run to go on with, nor to give up', () => {
    const open = begun(EMPTY_RECORD, run)
    expect(openRun(open, { id: 'run-5' }, false)).toBeUndefined()
    expect(openRun(open, { id: run.id }, false)).toBe(run)
    expect(openRun(open, { id: 'run-5' }, true)).toBe(run)
    expect(openRun(older, { id: run.id }, true)).toBeUndefined()
  })
})
