import { expect, test } from 'vitest'
import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Load } from '#controllers/policy-carrier.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import { newRun } from '#controllers/policy-run.ts'
import { NO_COUNTS } from '#controllers/policy-run-end.ts'
import { PolicyRuns, type RunContext } from '#controllers/policy-runs.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { ExecutionEnd, RepositoryProblem } from '#evict/execution.ts'
import { EMPTY_RECORD, type Hold, type OpenRun, type PolicyRecord } from '#retention/policy-record.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { HOST, judged } from '#test/harness/judging.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { imageFacts, repositoryFacts } from '#test/harness/registry-facts.ts'
import { evictionsOf } from '#test/harness/retention-at-once.ts'

// What becomes of a run that stopped; what a run does is in src/evict/execution.test.ts.

const apiVersion = 'tallyman.dev/v1alpha1'
const [a, b] = [imageFacts('a', 10), imageFacts('b', 11)] as const
const judgement = judged({ repositories: [repositoryFacts('app', { v2: a, v1: b })], manifests: [a, b] })

/** A run that goes on, and whose execution stops for `code`. */
const stoppedBy = (
  code: 'EVICTION_HARMED' | 'DELETE_TOOK_TAG' | 'BARRIER_NOT_REACHED' | 'EVICTION_SUSPENDED',
) => endingWith({ phase: 'Stopped', stoppedBy: new TallymanError(code, 'app:v2 is not whole any more') })

/** How a call ends, and what happens before it does. */
interface Call {
  readonly end: Pick<ExecutionEnd, 'phase'> & Partial<ExecutionEnd>
  readonly now?: typeof judgement
  /** Before it has ended. @param stop tells the policy to stop @param steps what was done so far */
  readonly meanwhile?: (load: Load, stop: () => void, steps: readonly string[]) => Promise<void>
  /** Whether the workspace takes the record. */
  readonly isKept?: () => boolean
  /** What a last look finds. */
  readonly left?: readonly RepositoryProblem[]
  /** Where the registry is by now. */
  readonly url?: string
  readonly work?: (runs: PolicyRuns, context: RunContext, run: OpenRun) => Promise<unknown>
}

/** A run that goes on, and whose execution ends like this. @returns the record afterwards, and in which order what was done */
const endingWith = (end: Call['end'], now = judgement) => calling({ end, now })

async function calling({
  end,
  now = judgement,
  meanwhile = async () => undefined,
  isKept = () => true,
  left = [],
  url = 'https://r.example',
  work = (runs, context, open) => runs.resume(context, open),
}: Call) {
  const clock = new FakeClock()
  const stopping = new AbortController()
  const run = newRun({
    ...{ name: 'main', plan: 'sha256:1', cause: 'Approved', now: clock.now(), nonce: '3f9a' },
    ...{ registry: { uid: 'r', url: 'https://r.example' }, mark: 'mark', evictions: evictionsOf(judgement) },
  })
  const steps: string[] = []
  let held: Hold | undefined
  let record: PolicyRecord = { ...EMPTY_RECORD, run }
  const runs = new PolicyRuns({
    carrier: {
      carry: async (load) => {
        const stop = () => stopping.abort(new TallymanError('CANCELLED', 'the spec is another one'))
        await meanwhile(load, stop, steps)
        return { counts: NO_COUNTS, problems: [], ...end }
      },
      lastLook: async ({ harmed }, { id, repositories }) => {
        steps.push(`look ${id === run.id ? repositories.join() : id}`)
        for (const { error } of left) await harmed(error)
        return left
      },
    },
    records: {
      change: async (_policy, _registry, _url, compute, signal) => {
        signal.throwIfAborted()
        if (!isKept()) throw new TallymanError('REGISTRY_FORBIDDEN', 'no pushes')
        record = compute(record)
        return record
      },
    },
    undo: {
      hold: async (_policy, hold, change) => {
        steps.push('hold')
        held = hold
        await change((before) => ({ ...before, hold }))
      },
      learn: async () => void steps.push('learn'),
      unknow: () => void steps.push('unknow'),
      standingHold: () => held && { ...held, token: 'hold-1', refused: undefined },
      took: () => undefined,
    },
    ...{ clock, log: silentLog },
  })
  const policy: RegistryPolicyObject = {
    ...{ apiVersion, kind: 'RegistryPolicy', metadata: { name: 'main', namespace: 'shop' } },
    spec: { approvedPlan: 'sha256:1' },
  }
  const pass: PolicyPass = {
    ...{ policy, stamp: { generation: 1, now: clock.now() }, signal: stopping.signal },
    shield: (work) => work(),
    write: async (compute) => {
      stopping.signal.throwIfAborted()
      pass.policy = { ...pass.policy, status: compute(pass.policy.status ?? {}) }
    },
    answer: (compute) => pass.write(compute),
  }
  const context: RunContext = {
    ...{ pass, record, url, product: 'distribution-3' },
    spec: RegistryPolicySpec.parse({
      ...{ registryRef: { name: 'main' }, inventoryRef: { name: 'all' }, mode: 'Approve' },
      rules: [{ name: 'newest', repositories: ['**'], keep: { newest: 1 } }],
    }),
    registry: {
      apiVersion,
      kind: 'Registry',
      metadata: { name: 'main', namespace: 'shop', uid: 'r' },
      spec: {},
    },
    names: { host: HOST, aliases: [] },
    planning: { judgement: now, restored: [], soak: { mark: 'mark', lastAt: 0, since: new Map() } },
    windowAt: () => ({ isOpen: true, endsAt: Number.POSITIVE_INFINITY }),
  }
  let thrown: TallymanError | undefined
  const returned = await work(runs, context, run).catch((reason: unknown) => {
    thrown = asTallymanError(reason)
  })
  return {
    ...{ record, steps, returned, status: pass.policy.status, thrown: thrown?.code },
    goesOnIn: Number(returned) - clock.now(),
  }
}

test.each(['EVICTION_HARMED', 'DELETE_TOOK_TAG'] as const)(
  'S04: a run that ended with %s is over, and nothing of its policy goes until a human has looked, whatever fails afterwards',
  async (code) => {
    const { record, steps, goesOnIn, status } = await stoppedBy(code)
    expect(record).toMatchObject({
      run: undefined,
      hold: { because: 'app:v2 is not whole any more' },
    })
    expect(steps).toEqual(['hold', 'learn'])
    expect(goesOnIn).toBe(Number.POSITIVE_INFINITY)
    expect(status?.run).toMatchObject({ phase: 'Stopped', message: expect.stringContaining('app:v2') })
  },
)

const TOOK = new TallymanError('DELETE_TOOK_TAG', 'app:v2 went along')
const TOOK_END = { phase: 'Stopped', stoppedBy: TOOK } as const

test('S04: that a run has harmed something is recorded as soon as that is known, and once', async () => {
  const { steps, record, status } = await calling({
    end: TOOK_END,
    meanwhile: async (load, _stop, soFar) => {
      await load.harmed(TOOK)
      expect(soFar).toEqual(['hold'])
      await load.harmed(new TallymanError('BARRIER_NOT_REACHED', 'harms nothing'))
    },
  })
  expect(steps).toEqual(['hold', 'learn'])
  expect(record).toMatchObject({ run: undefined, hold: { because: TOOK.message } })
  expect(status?.hold).toMatchObject({ token: 'hold-1' })
})

test('S04, S43: it is recorded also where the policy is told to stop by then, and the journals are read anew', async () => {
  const { steps, record, thrown } = await calling({ end: TOOK_END, meanwhile: async (_load, stop) => stop() })
  expect(record).toMatchObject({ run: { id: expect.any(String) }, hold: { because: TOOK.message } })
  expect([steps, thrown]).toEqual([['hold', 'unknow'], 'CANCELLED'])
})

test('S04: where it cannot be recorded the status tells it all the same, and the next plan records it', async () => {
  const { steps, record, status, thrown } = await calling({ end: TOOK_END, isKept: () => false })
  expect(record.hold).toBeUndefined()
  expect(status?.hold).toMatchObject({ token: 'hold-1', because: TOOK.message })
  expect([steps, thrown]).toEqual([['hold', 'learn'], 'REGISTRY_FORBIDDEN'])
})

test('S04: what a call did that was cut off is read anew, whatever becomes of its run', async () => {
  const { steps, thrown } = await calling({
    end: { phase: 'Succeeded' },
    meanwhile: async (_load, stop) => {
      stop()
      throw new TallymanError('CANCELLED', 'between two requests')
    },
  })
  expect([steps, thrown]).toEqual([['unknow'], 'CANCELLED'])
})

test('a run that stopped for something that passes goes on soon, and holds nothing', async () => {
  const { record, steps, goesOnIn } = await stoppedBy('BARRIER_NOT_REACHED')
  expect(record).toMatchObject({ run: { id: expect.any(String) }, hold: undefined })
  expect([steps, goesOnIn]).toEqual([['learn'], 15_000])
})

test('S21: of a run that its policy forbids no time is said at which it goes on', async () => {
  const { record, status } = await stoppedBy('EVICTION_SUSPENDED')
  expect(record).toMatchObject({ run: { id: expect.any(String) }, hold: undefined })
  expect(status?.run).not.toHaveProperty('resumesAt')
  expect(status?.run?.message).toMatch(
    /are left\. It goes on by itself once nothing of that stands against it\.$/,
  )
  expect((await stoppedBy('BARRIER_NOT_REACHED')).status?.run).toHaveProperty('resumesAt')
})

test.each([
  ['over, where no other try would find anything else', true],
  ['going on soon, where it may pass', false],
] as const)('a run that has told of a problem is %s', async (_, isFinal) => {
  const problems = [{ repository: 'app', error: new TallymanError('JOURNAL_LOST', 'run-1'), isFinal }]
  const { record, goesOnIn, status } = await endingWith({ phase: 'Partial', problems })
  expect(goesOnIn).toBe(isFinal ? Number.POSITIVE_INFINITY : 15_000)
  expect([record.run === undefined, record.runs.length]).toEqual([isFinal, isFinal ? 1 : 0])
  expect(status?.run).toMatchObject({ phase: 'Partial', message: expect.stringContaining('app: run-1') })
  expect(status?.run?.finishedAt !== undefined).toBe(isFinal)
})

test('S31: a run that leaves a repository for later goes on when the registry may be read in full again', async () => {
  const hidden = judged({ repositories: [repositoryFacts('other', {})], manifests: [] })
  const { record, goesOnIn, status } = await endingWith({ phase: 'Succeeded' }, hidden)
  expect(goesOnIn).toBe(10 * 60_000)
  expect(record.run?.id).toBe(status?.run?.id)
  expect(status?.run).toMatchObject({
    ...{ phase: 'Partial', message: expect.stringContaining('app: the registry does not list it') },
  })
  for (const [code, goesOnAfter] of [
    ['UNTAG_UNSUPPORTED', 10 * 60_000],
    ['REGISTRY_TIMEOUT', 15_000],
  ] as const) {
    const beside = [{ repository: 'other', error: new TallymanError(code, 'other: v1') }]
    const both = await endingWith({ phase: 'Partial', problems: beside }, hidden)
    expect(both.goesOnIn, code).toBe(goesOnAfter)
  }
  const problems = [{ repository: 'app', error: new TallymanError('REGISTRY_ABSENT', 'app: gone') }]
  const over = await endingWith({ phase: 'Partial', problems }, hidden)
  expect([over.goesOnIn, over.record.run]).toEqual([Number.POSITIVE_INFINITY, undefined])
})

/** A run is given up. */
const givenUp = (more: Partial<Call> = {}) =>
  calling({
    end: { phase: 'Succeeded' },
    work: (runs, context, run) => runs.abandon(context, run, 'spec.mode is DryRun by now'),
    ...more,
  })

test('S44: a run that is given up is looked at a last time before it is over', async () => {
  const { record, steps, returned, status } = await givenUp()
  expect([steps, returned, record.run]).toEqual([['look app'], true, undefined])
  expect(status?.run).toMatchObject({
    phase: 'Superseded',
    message: expect.stringMatching(/^spec\.mode is DryRun by now\. /),
  })
})

test('S44: what it has harmed holds its policy, and nothing else begins', async () => {
  const harm = new TallymanError('EVICTION_HARMED', 'app:v2 is not whole any more')
  const { record, steps, returned, status } = await givenUp({ left: [{ repository: 'app', error: harm }] })
  expect([steps, returned]).toEqual([['look app', 'hold', 'learn'], false])
  expect(record).toMatchObject({ run: undefined, hold: { because: harm.message } })
  expect(status).toMatchObject({
    hold: { token: 'hold-1' },
    run: { phase: 'Superseded', message: expect.stringContaining('app:v2 is not whole') },
  })
})

test('what could not be looked at is told, and holds nothing', async () => {
  const error = new TallymanError('REGISTRY_FORBIDDEN', 'no pulls')
  const { record, returned, status } = await givenUp({ left: [{ repository: 'app', error }] })
  expect([returned, record.run, record.hold]).toEqual([true, undefined, undefined])
  expect(status?.run?.message).toContain('spec.mode is DryRun by now; app: no pulls')
})

test('S32: another registry, or address, is no witness of what was done at the first', async () => {
  const { record, steps, returned } = await givenUp({ url: 'https://other.example' })
  expect([steps, returned, record.run]).toEqual([[], true, undefined])
})
