import { describe, expect, test } from 'vitest'
import { CheckReport } from '#report/check-report.ts'
import { checkReport, OUTDATED_AT, RUN_END, sampleImages } from '#test/harness/check-report.ts'
import { knownCheck, startReportServer } from '#test/harness/report-server.ts'

const report = checkReport(sampleImages())

async function answer(reply: Promise<Response>) {
  const response = await reply
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('the routes of the reports', () => {
  test.each([
    [
      '/reports/apps/in-use/report.json',
      'application/json; charset=utf-8',
      '{\n  "kind": "RegistryCheckReport"',
    ],
    [
      '/reports/apps/in-use/report.csv',
      'text/csv; charset=utf-8; header=present',
      'severity,code,class,image',
    ],
    ['/reports/apps/in-use/images.csv', 'text/csv; charset=utf-8; header=present', 'state,image,'],
    ['/reports/apps/in-use/images.json', 'application/json; charset=utf-8', '[\n  {"state":"unhealthy"'],
    ['/reports/apps/in-use/report.html', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/reports/apps/in-use', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/nagios/apps/in-use', 'text/plain; charset=utf-8', 'CRITICAL - Only 5 of 6 images'],
    ['/_nagios_check_registry', 'text/plain; charset=utf-8', 'CRITICAL - Only 5 of 6 images'],
    ['/_report.json', 'application/json; charset=utf-8', '{\n  "kind": "RegistryCheckReport"'],
    ['/_report.csv', 'text/csv; charset=utf-8; header=present', 'severity,code,class,image'],
    ['/_images.json', 'application/json; charset=utf-8', '[\n  {"state":"unhealthy"'],
    ['/_health', 'text/plain; charset=utf-8', 'OK\n'],
  ])('%s answers as %s, and HEAD with the same head', async (path, type, beginning) => {
    const { ask } = await startReportServer(knownCheck(report))
    const got = await answer(ask(path))
    expect(got.status).toBe(200)
    expect(got.headers.get('content-type')).toBe(type)
    expect(got.headers.get('x-content-type-options')).toBe('nosniff')
    expect(got.headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'/)
    expect(got.text.slice(0, beginning.length)).toBe(beginning)
    const head = await answer(ask(path, { method: 'HEAD' }))
    expect(head).toMatchObject({ status: 200, text: '' })
    for (const name of ['content-type', 'etag', 'cache-control', 'content-security-policy']) {
      expect(head.headers.get(name)).toBe(got.headers.get(name))
    }
    const length = got.headers.get('content-length')
    if (length !== null) expect(Buffer.byteLength(got.text)).toBe(Number(length))
    if (path.startsWith('/reports/apps/in-use/')) expect(head.headers.get('content-length')).toBe(length)
  })

  test('the JSON report can be read back', async () => {
    const { ask } = await startReportServer(knownCheck(report))
    const reply = await ask('/reports/apps/in-use/report.json')
    expect(CheckReport.parse(await reply.json())).toEqual(report)
  })

  test('what did not change is not sent again, and what did is', async () => {
    const { ask, checks } = await startReportServer(knownCheck(report))
    const path = '/reports/apps/in-use/report.html'
    const etag = (await answer(ask(path))).headers.get('etag') ?? ''
    for (const tag of [etag, `"other", W/${etag}`, '*']) {
      const again = await answer(ask(path, { headers: { 'if-none-match': tag } }))
      expect(again).toMatchObject({ status: 304, text: '' })
      expect(again.headers.get('etag')).toBe(etag)
    }
    // The same content of another run of this program, and then another content.
    checks.set('apps/in-use', knownCheck(checkReport(sampleImages())))
    expect((await ask(path, { headers: { 'if-none-match': etag } })).status).toBe(304)
    checks.set('apps/in-use', knownCheck(checkReport(sampleImages().slice(1))))
    expect((await ask(path, { headers: { 'if-none-match': etag } })).status).toBe(200)
  })

  test('a check that is not there: what to do, and UNKNOWN for Nagios', async () => {
    const { ask } = await startReportServer(knownCheck(report))
    const nagios = await answer(ask('/nagios/apps/other'))
    expect(nagios.status).toBe(404)
    expect(nagios.text).toMatch(
      /^UNKNOWN - there is no RegistryCheck apps\/other; kubectl get registrychecks/,
    )
    for (const path of ['/reports/apps/other', '/reports/apps/other/report.json', '/nagios/x%2F%0Ay/z']) {
      const got = await answer(ask(path))
      expect(got.status).toBe(404)
      expect(got.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(got.text.split('\n')).toHaveLength(2)
    }
    for (const path of [
      '/reports/apps/in-use/report.pdf',
      '/reports/apps/in-use/a/b',
      '/nagios/apps/in-use/x',
    ]) {
      const got = await answer(ask(path))
      expect(got.status).toBe(404)
      expect(got.text).toContain('report.html, report.json, report.csv')
    }
    const long = await answer(ask(`/reports/apps/${'n'.repeat(253)}`))
    expect(long.text).toContain('there is no RegistryCheck apps/nnn')
  })

  test('nothing is the default check unless one is named', async () => {
    const { ask } = await startReportServer(knownCheck(report), { noDefault: true })
    for (const path of [
      '/_nagios_check_registry',
      '/_report.json',
      '/_report.csv',
      '/_images.json',
      '/_health',
    ]) {
      const got = await answer(ask(path))
      expect(got.status).toBe(404)
      expect(got.text).toContain('no RegistryCheck is the default one')
    }
  })

  test('S22: where only the status is known the full report is refused with when and why, and Nagios is told what is known', async () => {
    const { ask } = await startReportServer(knownCheck(report, { report: undefined }))
    const full = await answer(ask('/reports/apps/in-use/report.html'))
    expect(full.status).toBe(503)
    expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(full.text).toContain('that ended at 2027-01-10T12:00:10Z is not in this pod')
    const nagios = await answer(ask('/nagios/apps/in-use'))
    expect(nagios.text.split('\n')).toEqual([
      expect.stringMatching(/^CRITICAL - Only 5 of 6 images could be examined/),
      'Critical: registry.example/shop/web:2.4: LayerMissing; used by nothing; 3 pods',
      'and 3 more: the full report is not in this pod',
      '',
    ])
    expect((await answer(ask('/reports/apps/in-use'))).text).toContain('is not in this pod')
  })

  test('a report of an earlier run than the one in the status is not shown as the present one', async () => {
    const known = knownCheck(report)
    const later = {
      startedAt: '2027-01-10T12:15:00Z',
      finishedAt: '2027-01-10T12:15:10Z',
      durationSeconds: 10,
    }
    const { ask, checks } = await startReportServer({ ...known, status: { ...known.status, run: later } })
    expect((await ask('/reports/apps/in-use/report.json')).status).toBe(503)
    checks.set('apps/in-use', { ...known, status: {} })
    expect((await ask('/reports/apps/in-use/report.json')).status).toBe(200)
  })

  test('S22: two intervals after the last run Nagios hears UNKNOWN, and the checker is not healthy', async () => {
    const { ask, clock } = await startReportServer(knownCheck(report))
    await clock.advance(OUTDATED_AT - RUN_END + 1)
    expect((await answer(ask('/nagios/apps/in-use'))).text).toMatch(/^UNKNOWN - /)
    const health = await answer(ask('/_health'))
    expect(health.status).toBe(503)
    expect(health.text).toMatch(/^ERROR: /)
  })

  test('S22: a check that has never run is UNKNOWN', async () => {
    const never = { status: undefined, isSuspended: false, outdatedAt: undefined, report: undefined }
    const { ask } = await startReportServer(never)
    expect(await answer(ask('/nagios/apps/in-use'))).toMatchObject({
      status: 200,
      text: 'UNKNOWN - No run has ended yet\n',
    })
    expect(await answer(ask('/reports/apps/in-use/report.csv'))).toMatchObject({
      status: 503,
      text: 'There is no report of apps/in-use yet: no run has ended\n',
    })
    expect((await ask('/_health')).status).toBe(503)
  })

  test('only reads: nothing but GET and HEAD is answered', async () => {
    const { ask } = await startReportServer(knownCheck(report))
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      expect((await ask('/reports/apps/in-use/report.json', { method })).status).toBe(404)
    }
  })

  test('a reader that goes away ends nothing but its own answer', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => sampleImages().at(index % 6) ?? [])
      .flat()
      .map((image, index) => ({ ...image, use: { ...image.use, image: `registry.example/app:${index}` } }))
    const { ask } = await startReportServer(knownCheck(checkReport(many)))
    const gone = new AbortController()
    const half = await ask('/reports/apps/in-use/report.json', { signal: gone.signal })
    const reader = half.body?.getReader()
    await reader?.read()
    gone.abort()
    await expect(reader?.read()).rejects.toThrow()
    const whole = await answer(ask('/reports/apps/in-use/report.csv'))
    expect(whole.text.endsWith('\r\n')).toBe(true)
  })
})
