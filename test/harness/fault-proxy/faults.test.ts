import http from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { podCodec } from '#kube/codecs.ts'
import { call, collect, failure, open } from '#test/harness/fault-proxy/test-client.ts'
import { pattern, startTestUpstream, type TestUpstream } from '#test/harness/fault-proxy/test-upstream.ts'
import {
  expired,
  expiredEvent,
  expiredFrame,
  type FaultProxy,
  kubeStatus,
  registryError,
  startFaultProxy,
  throttled,
} from '#test/harness/fault-proxy.ts'
import { eventually } from '#test/harness/wait.ts'

let upstream: TestUpstream
let proxy: FaultProxy

beforeEach(async () => {
  upstream = await startTestUpstream()
  proxy = await startFaultProxy({ upstream: upstream.url })
})

afterEach(async () => {
  await proxy.stop()
  await upstream.stop()
})

async function timed<T>(work: Promise<T>): Promise<{ ms: number; value: T }> {
  const start = performance.now()
  const value = await work
  return { ms: performance.now() - start, value }
}

describe('which requests are struck', () => {
  test('only those that match, as often as told', async () => {
    proxy.rule({ kind: 'status', status: 503, times: 2 }, { method: ['GET', 'HEAD'], path: /^\/v2\// })
    const asked = ['PUT /v2/a', 'GET /other', 'GET /v2/a', 'HEAD /v2/b', 'GET /v2/c']
    const seen: number[] = []
    for (const line of asked) {
      const [method = '', path = ''] = line.split(' ')
      seen.push((await call(`${proxy.url}${path}`, { method })).status)
    }
    expect(seen).toEqual([200, 200, 503, 503, 200])
    expect(proxy.requests.map((request) => request.faulted.length)).toEqual([0, 0, 1, 1, 0])
  })

  test('the n-th, or all from the n-th on', async () => {
    proxy.rule({ kind: 'status', status: 500 }, { nth: 2 })
    proxy.rule(
      { kind: 'status', status: 501 },
      { from: 4, where: (request) => request.userAgent === undefined },
    )
    const seen: number[] = []
    for (let index = 0; index < 5; index += 1) seen.push((await call(proxy.url)).status)
    expect(seen).toEqual([200, 500, 200, 501, 501])
  })

  test('by chance, and the same ones for the same seed', async () => {
    const struck = async (seed: number) => {
      const own = await startFaultProxy({ upstream: upstream.url, seed })
      own.rule({ kind: 'status', status: 500, probability: 0.5 })
      const seen: number[] = []
      for (let index = 0; index < 30; index += 1) seen.push((await call(own.url)).status)
      await own.stop()
      return seen
    }
    const first = await struck(7)
    expect(new Set(first)).toEqual(new Set([200, 500]))
    expect(await struck(7)).toEqual(first)
    expect(await struck(8)).not.toEqual(first)
  })

  test('none once the rule is removed, or all are cleared', async () => {
    const remove = proxy.rule({ kind: 'status', status: 500 })
    proxy.rule({ kind: 'status', status: 501 })
    expect((await call(proxy.url)).status).toBe(500)
    remove()
    expect((await call(proxy.url)).status).toBe(501)
    proxy.clear()
    expect((await call(proxy.url)).status).toBe(200)
  })

  test('by several faults at once', async () => {
    proxy.rule({ kind: 'corrupt', offset: 1 })
    proxy.rule({ kind: 'truncate', after: 3, length: 'shortened' })
    expect([...(await call(`${proxy.url}/bytes/10`)).body]).toEqual([0, 254, 2])
    expect(proxy.requests[0]?.faulted).toEqual(['corrupt', 'truncate'])
  })
})

describe('delay and drip', () => {
  test('wait before the request, the headers or each chunk', async () => {
    for (const at of ['request', 'headers', 'chunks'] as const) {
      proxy.rule({ kind: 'delay', at, ms: 80, times: 1 })
      const { ms, value } = await timed(call(`${proxy.url}/bytes/10`))
      expect(ms).toBeGreaterThanOrEqual(79)
      expect(value.body.equals(pattern(10))).toBe(true)
    }
  })

  test('give the body at the pace that is set', async () => {
    proxy.rule({ kind: 'drip', bytesPerSecond: 1_000 })
    const { ms, value } = await timed(call(`${proxy.url}/bytes/200`))
    expect(ms).toBeGreaterThanOrEqual(190)
    expect(value.body.equals(pattern(200))).toBe(true)
  })
})

describe('cut', () => {
  test.each([false, true])('before the upstream hears of the request (reset: %s)', async (reset) => {
    proxy.rule({ kind: 'cut', at: 'request', reset })
    expect(await failure(proxy.url)).toBe('ECONNRESET')
    expect(upstream.carriedOut).toEqual([])
  })

  test('inside an upload', async () => {
    proxy.rule({ kind: 'cut', at: 'upload', afterBytes: 70_000 })
    const outcome = await failure(`${proxy.url}/echo`, { method: 'PUT', body: pattern(1_000_000) })
    expect(['ECONNRESET', 'EPIPE']).toContain(outcome)
    expect(proxy.requests[0]?.uploadedBytes).toBe(70_000)
    expect(upstream.carriedOut).toEqual([])
  })

  test.each([false, true])('after the headers (reset: %s)', async (reset) => {
    proxy.rule({ kind: 'cut', at: 'headers', reset })
    expect(await call(`${proxy.url}/bytes/10`)).toMatchObject({
      status: 200,
      body: Buffer.alloc(0),
      error: 'ECONNRESET',
    })
  })

  test('after so many bytes of the body', async () => {
    proxy.rule({ kind: 'cut', at: 'body', after: 100_001 })
    const answer = await call(`${proxy.url}/bytes/300000`)
    expect(answer.error).toBe('ECONNRESET')
    expect(answer.body.equals(pattern(100_001))).toBe(true)
  })

  test('after so many events of a watch', async () => {
    proxy.rule({ kind: 'cut', at: 'body', after: { lines: 2 } })
    const stream = collect(await open(`${proxy.url}/stream`))
    upstream.streams[0]?.write('one\ntw')
    await eventually(() => stream.text === 'one\ntw')
    upstream.streams[0]?.write('o\nthree\n')
    await eventually(() => stream.ended === 'ECONNRESET')
    expect(stream.text).toBe('one\ntwo\n')
  })
})

describe('status and redirect', () => {
  test('answer in place of the upstream', async () => {
    proxy.rule({ ...throttled(7), times: 1 })
    proxy.rule({ ...expired, times: 1 })
    proxy.rule({ ...registryError(503, 'UNAVAILABLE', 'later'), times: 1 })
    proxy.rule({ ...kubeStatus(500, 'InternalError', 'etcd'), times: 1 })
    expect(await call(proxy.url)).toMatchObject({ status: 429, headers: { 'retry-after': '7' } })
    const gone = await call(proxy.url)
    expect(gone).toMatchObject({ status: 410, headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(gone.body.toString())).toMatchObject({ kind: 'Status', reason: 'Expired', code: 410 })
    expect((await call(proxy.url)).body.toString()).toBe(
      '{"errors":[{"code":"UNAVAILABLE","message":"later"}]}',
    )
    expect((await call(proxy.url)).status).toBe(500)
    expect(upstream.carriedOut).toEqual([])
  })

  test('leave the connection usable when an upload is answered early', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    proxy.rule({ kind: 'status', status: 413, times: 1 })
    expect((await call(`${proxy.url}/echo`, { method: 'PUT', body: pattern(500_000), agent })).status).toBe(
      413,
    )
    expect((await call(`${proxy.url}/echo`, { method: 'PUT', body: pattern(500_000), agent })).status).toBe(
      200,
    )
    expect(proxy.connections).toBe(1)
    agent.destroy()
  })

  test('send to another origin, or to one address', async () => {
    proxy.rule({ kind: 'redirect', origin: 'http://127.0.0.1:1', times: 1 })
    proxy.rule({ kind: 'redirect', url: 'https://example.com/x', status: 302 })
    const first = await call(`${proxy.url}/v2/a?n=1`)
    expect(first).toMatchObject({ status: 307, headers: { location: 'http://127.0.0.1:1/v2/a?n=1' } })
    expect(await call(proxy.url)).toMatchObject({
      status: 302,
      headers: { location: 'https://example.com/x' },
    })
  })
})

describe('truncate and corrupt', () => {
  test('end a body early under the full length, with a clean end of the connection', async () => {
    proxy.rule({ kind: 'truncate', after: 700, length: 'kept' })
    const answer = await call(`${proxy.url}/bytes/1000`)
    expect(answer.headers['content-length']).toBe('1000')
    expect(answer.body.equals(pattern(700))).toBe(true)
    expect(answer.error).toBe('ECONNRESET')
  })

  test('end a body early under a length that agrees, and keep the connection', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    proxy.rule({ kind: 'truncate', after: 700, length: 'shortened', times: 2 })
    const sized = await call(`${proxy.url}/bytes/1000000`, { agent })
    expect(sized).toMatchObject({ headers: { 'content-length': '700' }, error: undefined })
    expect(sized.body.equals(pattern(700))).toBe(true)
    const chunked = await call(`${proxy.url}/chunked/1000`, { agent })
    expect(chunked.error).toBeUndefined()
    expect(chunked.body).toHaveLength(700)
    expect((await call(`${proxy.url}/bytes/1000`, { agent })).body).toHaveLength(1_000)
    expect(proxy.connections).toBe(1)
    agent.destroy()
  })

  test('change bytes and never the length', async () => {
    proxy.rule({ kind: 'corrupt', offset: 65_535, count: 3 })
    const answer = await call(`${proxy.url}/bytes/200000`)
    const differing = [...answer.body.entries()].filter(([index, byte]) => byte !== index % 251)
    expect(answer.body).toHaveLength(200_000)
    expect(differing.map(([index]) => index)).toEqual([65_535, 65_536, 65_537])
  })
})

describe('half-open', () => {
  test('swallows a request and keeps the socket', async () => {
    proxy.rule({ kind: 'halfOpen', at: 'request' })
    const leaving = new AbortController()
    const asked = failure(proxy.url, { signal: leaving.signal })
    await eventually(() => proxy.count === 1)
    proxy.clear()
    await call(proxy.url)
    expect(proxy.openConnections).toBe(1)
    expect(upstream.carriedOut).toHaveLength(1)
    leaving.abort()
    expect(await asked).toBe('ABORT_ERR')
    await eventually(() => proxy.openConnections === 0)
  })

  test('falls silent inside a watch', async () => {
    proxy.rule({ kind: 'halfOpen', at: 'body', after: { lines: 1 } }, { path: '/stream' })
    const answer = await open(`${proxy.url}/stream`)
    const stream = collect(answer)
    upstream.streams[0]?.write('one\ntwo\n')
    await eventually(() => stream.text === 'one\n')
    await call(proxy.url)
    expect(stream).toMatchObject({ text: 'one\n', ended: undefined })
    answer.destroy()
  })
})

describe('inject', () => {
  test('puts an expiry into a JSON watch and ends it', async () => {
    proxy.rule(expiredEvent(1))
    const stream = collect(await open(`${proxy.url}/stream`))
    upstream.streams[0]?.write('{"type":"ADDED"}\n{"type":"MODIFIED"}\n')
    await eventually(() => stream.ended === 'end')
    const events: unknown[] = stream.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events).toMatchObject([
      { type: 'ADDED' },
      { type: 'ERROR', object: { code: 410, reason: 'Expired' } },
    ])
  })

  test('puts an expiry into a protobuf watch as a whole frame and ends it', async () => {
    proxy.rule(expiredFrame(1))
    const stream = collect(await open(`${proxy.url}/stream`))
    const event = Buffer.from([0, 0, 0, 3, 1, 2, 3])
    upstream.streams[0]?.write(Buffer.concat([event, event]))
    await eventually(() => stream.ended === 'end')
    const splitter = podCodec().splitter()
    const frames: Buffer[] = []
    splitter.push(stream.bytes, (frame) => frames.push(Buffer.from(frame)))
    expect(splitter.pending).toBe(0)
    expect(frames.map((frame) => frame.length)).toEqual([3, expect.any(Number)])
    expect(podCodec().event(frames[1] ?? Buffer.alloc(0))).toMatchObject({
      type: 'ERROR',
      status: { code: 410, reason: 'Expired' },
    })
  })

  test('puts bytes at the very start, before the upstream sends any', async () => {
    proxy.rule({ kind: 'inject', after: 0, bytes: 'first\n' })
    const stream = collect(await open(`${proxy.url}/stream`))
    await eventually(() => stream.text === 'first\n')
    upstream.streams[0]?.end('second\n')
    await eventually(() => stream.ended === 'end')
    expect(stream.text).toBe('first\nsecond\n')
  })

  test('drops the promised length of a sized body', async () => {
    proxy.rule({ kind: 'inject', after: 5, bytes: Buffer.from([255, 255]) })
    const answer = await call(`${proxy.url}/bytes/10`)
    expect(answer.headers['content-length']).toBeUndefined()
    expect([...answer.body]).toEqual([0, 1, 2, 3, 4, 255, 255, 5, 6, 7, 8, 9])
  })
})

describe('drop', () => {
  test.each([false, true])('has the request carried out and loses the answer (reset: %s)', async (reset) => {
    let carriedOut = 0
    proxy.rule({
      kind: 'drop',
      reset,
      onStrike: () => {
        carriedOut = upstream.carriedOut.length
      },
    })
    expect(await failure(`${proxy.url}/echo`, { method: 'PUT', body: pattern(10) })).toBe('ECONNRESET')
    expect(upstream.carriedOut).toEqual(['PUT /echo'])
    expect(carriedOut).toBe(1)
  })
})
