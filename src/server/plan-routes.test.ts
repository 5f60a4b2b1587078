import { fastify } from 'fastify'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { jsonPlan } from '#report/json-plan.ts'
import { type PackedPlan, packPlan } from '#report/packed-plan.ts'
import { PlanRoutes } from '#server/plan-routes.ts'
import type { KnownPolicy } from '#server/plan-source.ts'
import { manyTags, policyPlan, verdict, WORKLOAD } from '#test/harness/policy-plan.ts'

let plan: PackedPlan
beforeAll(async () => {
  plan = await packPlan(await policyPlan())
})

/** The routes on a real server, that knows the policy `apps/lean`; ends with the test. */
async function startPlanServer(policy: KnownPolicy, kept?: PackedPlan) {
  const policies = new Map([['apps/lean', policy]])
  const app = fastify({ forceCloseConnections: true })
  const source = {
    plan: (namespace: string, name: string) => policies.get(`${namespace}/${name}`),
    readBack: async () => kept,
  }
  new PlanRoutes(source).register(app)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const ask = async (path: string, init: RequestInit = {}) => {
    // `fetch` takes gzip unless it is told not to, and unpacks it.
    const response = await fetch(url + path, {
      ...init,
      headers: { 'accept-encoding': 'identity', ...init.headers },
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return { url, policies, ask }
}

const planTime = (time: string): KnownPolicy['status'] => ({
  plan: {
    ...{ digest: plan.head.digest, time, repositories: 2, tags: 4, keep: 2, untag: 1, evict: 1, digests: 1 },
    ...{ reclaimableBytes: 1024, reclaimable: '1.0 KiB' },
    report: { reference: 'r.example/tallyman/plans/apps/lean@sha256:1', time },
  },
})

describe('the routes of the plans', () => {
  test.each([
    ['/plans/apps/lean/plan.json', 'application/json; charset=utf-8', '{\n  "kind": "RegistryPolicyPlan"'],
    ['/plans/apps/lean/plan.csv', 'text/csv; charset=utf-8; header=present', 'repository,tag,action'],
    ['/plans/apps/lean/evictions.csv', 'text/csv; charset=utf-8; header=present', 'repository,tag,action'],
    ['/plans/apps/lean/plan.html', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/plans/apps/lean/', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/plans/apps/lean', 'text/html; charset=utf-8', '<!doctype html>'],
  ])('%s answers as %s, and HEAD with the same head', async (path, type, beginning) => {
    const { ask } = await startPlanServer({ status: undefined, plan })
    const got = await ask(path)
    expect(got.status).toBe(200)
    expect(got.headers.get('content-type')).toBe(type)
    expect(got.headers.get('x-content-type-options')).toBe('nosniff')
    expect(got.headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'/)
    expect(got.text.slice(0, beginning.length)).toBe(beginning)
    const head = await ask(path, { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, text: '' })
    for (const name of ['content-type', 'content-length', 'etag', 'vary', 'cache-control']) {
      expect(head.headers.get(name)).toBe(got.headers.get(name))
    }
    const length = got.headers.get('content-length')
    if (length !== null) expect(Buffer.byteLength(got.text)).toBe(Number(length))
  })

  test('the same is sent packed to who takes that, under a tag of its own', async () => {
    const { ask, url } = await startPlanServer({ status: undefined, plan })
    const path = '/plans/apps/lean/plan.json'
    const plain = await ask(path)
    expect(plain.text).toBe([...jsonPlan(await policyPlan())].join(''))
    const packed = await fetch(url + path, { headers: { 'accept-encoding': 'gzip' } })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(packed.headers.get('vary')).toBe('accept-encoding')
    expect(await packed.text()).toBe(plain.text)
    const [etag, packedEtag] = [plain.headers.get('etag') ?? '', packed.headers.get('etag') ?? '']
    expect(packedEtag).not.toBe(etag)
    for (const [coding, tag, status] of [
      ['identity', etag, 304],
      ['identity', packedEtag, 200],
      ['gzip', packedEtag, 304],
      ['gzip', etag, 200],
    ] as const) {
      const headers = { 'accept-encoding': coding, 'if-none-match': tag }
      expect((await ask(path, { headers })).status).toBe(status)
    }
  })

  test('what did not change is not sent again, and what did is', async () => {
    const { ask, policies } = await startPlanServer({ status: undefined, plan })
    const path = '/plans/apps/lean/plan.html'
    const headers = { 'if-none-match': (await ask(path)).headers.get('etag') ?? '' }
    policies.set('apps/lean', { status: undefined, plan: await packPlan(await policyPlan()) })
    expect((await ask(path, { headers })).status).toBe(304)
    const repositories = [{ name: 'app', verdicts: [verdict('1', 'evict')] }]
    policies.set('apps/lean', { status: undefined, plan: await packPlan(await policyPlan({ repositories })) })
    expect((await ask(path, { headers })).status).toBe(200)
  })

  test('a policy or a path that is not there: what there is', async () => {
    const { ask } = await startPlanServer({ status: undefined, plan })
    for (const path of ['/plans/apps/other', '/plans/apps/other/plan.json', '/plans/x%0Ay/z/']) {
      const got = await ask(path)
      expect(got.status).toBe(404)
      expect(got.text).toMatch(/^there is no RegistryPolicy [^\n]*; kubectl get registrypolicies [^\n]*\n$/)
    }
    for (const path of ['/plans/apps/lean/plan.pdf', '/plans/apps/lean/a/b']) {
      const got = await ask(path)
      expect(got.status).toBe(404)
      expect(got.text).toContain('plan.html, plan.json, plan.csv, evictions.csv')
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      expect((await ask('/plans/apps/lean/plan.json', { method })).status).toBe(404)
    }
  })

  test('S22: a plan that is older than the one in the status is not shown as the present one, and the index says what is known', async () => {
    const { ask, policies } = await startPlanServer({ status: planTime('2026-11-01T00:00:00Z'), plan })
    expect((await ask('/plans/apps/lean/plan.csv')).status).toBe(200)
    for (const known of [plan, undefined]) {
      policies.set('apps/lean', { status: planTime('2026-11-02T00:00:00Z'), plan: known })
      const got = await ask('/plans/apps/lean/plan.csv')
      expect(got.status).toBe(503)
      expect(Number(got.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(got.text).toContain('r.example/tallyman/plans/apps/lean@sha256:1 holds one')
      const { text } = await ask('/plans/apps/lean/')
      expect(text).toContain('is not in this pod')
      expect(text).toContain(plan.head.digest)
      expect(text).not.toContain('<a href')
    }
    policies.set('apps/lean', { status: undefined, plan: undefined })
    expect((await ask('/plans/apps/lean/plan.csv')).text).toBe('There is no plan of apps/lean yet\n')
  })

  test('what this process has not made comes from the workspace, and the index says so where it names nobody', async () => {
    const kept = await packPlan(await policyPlan({ repositories: [] }))
    const { ask, policies } = await startPlanServer({ status: planTime('2026-11-02T00:00:00Z'), plan }, kept)
    const { text } = await ask('/plans/apps/lean/plan.json')
    expect(text).toBe([...jsonPlan(await policyPlan({ repositories: [] }))].join(''))
    expect((await ask('/plans/apps/lean/')).text).toMatch(/<a href="plan.html">/)
    expect((await ask('/plans/apps/lean/')).text).not.toContain('that anybody may read')
    const { plan: known, ...status } = planTime('2026-11-02T00:00:00Z') ?? {}
    if (known === undefined) throw new Error('the status has a plan')
    const report = { ...known.report, time: known.time, redacted: true }
    policies.set('apps/lean', { status: { ...status, plan: { ...known, report } }, plan: undefined })
    expect((await ask('/plans/apps/lean')).text).toContain('that anybody may read')
    policies.set('apps/lean', {
      status: { ...status, plan: { ...known, time: '2026-11-01T00:00:00Z', report } },
      plan,
    })
    expect((await ask('/plans/apps/lean')).text).not.toContain('that anybody may read')
  })

  test('a reader that goes away ends nothing but its own answer', async () => {
    const many = await packPlan(await policyPlan({ repositories: manyTags(20_000, WORKLOAD) }))
    const { url } = await startPlanServer({ status: undefined, plan: many })
    const gone = new AbortController()
    for (const coding of ['gzip', 'identity']) {
      const headers = { 'accept-encoding': coding }
      const half = await fetch(`${url}/plans/apps/lean/plan.json`, { headers, signal: gone.signal })
      const reader = half.body?.getReader()
      await reader?.read()
    }
    gone.abort()
    const whole = await fetch(`${url}/plans/apps/lean/evictions.csv`, {
      headers: { 'accept-encoding': 'gzip' },
    })
    expect((await whole.text()).endsWith('\r\n')).toBe(true)
  })
})
