import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { call, collect, failure, open } from '#test/harness/fault-proxy/test-client.ts'
import { pattern, startTestUpstream, type TestUpstream } from '#test/harness/fault-proxy/test-upstream.ts'
import { type FaultProxy, killAtRequest, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { createAuthority, testAuthority } from '#test/harness/tls.ts'
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

describe('without a fault', () => {
  test('passes uploads and answers through unchanged', async () => {
    const body = pattern(300_000)
    const sized = await call(`${proxy.url}/echo`, {
      method: 'PUT',
      body,
      headers: { 'Content-Length': '300000' },
    })
    const chunked = await call(`${proxy.url}/echo`, {
      method: 'PATCH',
      body,
      headers: { 'Transfer-Encoding': 'chunked' },
    })
    expect(sized.body.equals(body)).toBe(true)
    expect(chunked.body.equals(body)).toBe(true)
    expect((await call(`${proxy.url}/bytes/100000`)).body.equals(pattern(100_000))).toBe(true)
  })

  test('keeps the length of a HEAD answer and sends no body', async () => {
    const answer = await call(`${proxy.url}/bytes/1234`, { method: 'HEAD' })
    expect(answer.headers['content-length']).toBe('1234')
    expect(answer.body).toHaveLength(0)
  })

  test('shows the upstream its own host and scheme, so that Locations lead back to it', async () => {
    const seen: unknown = JSON.parse((await call(`${proxy.url}/headers`)).body.toString())
    expect(seen).toMatchObject({ host: proxy.host, 'x-forwarded-proto': 'http' })
  })

  test('sends each chunk on before the upstream ends its answer', async () => {
    const stream = collect(await open(`${proxy.url}/stream`))
    upstream.streams[0]?.write('one\n')
    await eventually(() => stream.text === 'one\n')
    upstream.streams[0]?.write('two\n')
    await eventually(() => stream.text === 'one\ntwo\n')
    expect(stream.ended).toBeUndefined()
    upstream.streams[0]?.end()
    await eventually(() => stream.ended === 'end')
  })

  test('sends each chunk of an upload on before the client ends it', async () => {
    const request = http.request(`${proxy.url}/echo`, { method: 'PUT', agent: false })
    request.on('error', () => request.destroy())
    request.write('first')
    await eventually(() => proxy.requests[0]?.uploadedBytes === 5)
    request.destroy()
  })

  test('leaves the upstream as soon as the client leaves a watch', async () => {
    const answer = await open(`${proxy.url}/stream`)
    const closed = once(await eventually(() => upstream.streams[0]), 'close')
    answer.destroy()
    await closed
    const error = await eventually(() => proxy.requests[0]?.error)
    expect(error).toBe('the connection to the client is gone')
    expect(proxy.exchanges()).toEqual([])
  })

  test('serves 1,000 requests over few kept connections, one upstream connection each', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => call(`${proxy.url}/bytes/${index}`, { agent })),
    )
    agent.destroy()
    expect(answers.every((answer, index) => answer.body.equals(pattern(index)))).toBe(true)
    expect(proxy.count).toBe(1_000)
    expect(proxy.connections).toBe(4)
    expect(upstream.connections).toBe(4)
  })

  test('closes an idle connection when the upstream closes its own', async () => {
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')
    const ended = once(socket, 'end')
    await upstream.stop()
    await ended
    socket.destroy()
    upstream = await startTestUpstream()
  })

  test('breaks the connection, and answers nothing, where the upstream is not there', async () => {
    const lonely = await startFaultProxy({ upstream: 'http://127.0.0.1:1' })
    expect(await failure(`${lonely.url}/`)).toBe('ECONNRESET')
    expect(lonely.requests[0]?.error).toMatch(/ECONNREFUSED/)
    await lonely.stop()
  })
})

describe('with TLS', () => {
  test('speaks it on both sides with certificates that are checked', async () => {
    const foreign = await createAuthority('Of the upstream')
    const own = await (await testAuthority()).issue(['127.0.0.1'])
    const secure = await startTestUpstream(await foreign.issue(['127.0.0.1']))
    const given = await startFaultProxy({ upstream: secure.url, upstreamCa: foreign.caPem, tls: own })
    const trusting = await startFaultProxy({ upstream: secure.url, upstreamCa: foreign.caPem, tls: true })
    const wary = await startFaultProxy({ upstream: secure.url })
    const careless = await startFaultProxy({ upstream: secure.url, upstreamInsecure: true })
    const answer = await call(`${trusting.url}/bytes/5000`, { ca: trusting.caPem })
    expect(answer.body.equals(pattern(5_000))).toBe(true)
    expect(await failure(`${given.url}/`, { ca: trusting.caPem })).toBe('status 200')
    expect(await failure(`${trusting.url}/`)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    expect(await failure(`${wary.url}/`)).toBe('ECONNRESET')
    expect(await failure(`${careless.url}/`)).toBe('status 200')
    await Promise.all([given.stop(), trusting.stop(), wary.stop(), careless.stop()])
    await secure.stop()
  })

  test('can reset a TLS connection in the middle of a body', async () => {
    const secure = await startFaultProxy({ upstream: upstream.url, tls: true })
    secure.rule({ kind: 'cut', at: 'body', after: 1_000, reset: true })
    const answer = await call(`${secure.url}/bytes/5000`, { ca: secure.caPem })
    expect(answer).toMatchObject({ status: 200, error: 'ECONNRESET' })
    await secure.stop()
    expect(secure.openConnections).toBe(0)
  })
})

describe('the record', () => {
  test('holds what was asked and answered, and of credentials only the scheme', async () => {
    const headers = { Authorization: 'Bearer c2VjcmV0', 'User-Agent': 'tallyman/1', Accept: 'text/plain' }
    await call(`${proxy.url}/bytes/10?n=1&last=x`, { headers })
    expect(proxy.requests).toEqual([
      expect.objectContaining({
        n: 1,
        method: 'GET',
        path: '/bytes/10',
        query: 'n=1&last=x',
        userAgent: 'tallyman/1',
        accept: 'text/plain',
        authorization: 'bearer',
        status: 200,
        bytes: 10,
        faulted: [],
        error: undefined,
      }),
    ])
    await eventually(() => proxy.requests[0]?.durationMs !== undefined)
    expect(JSON.stringify(proxy.requests)).not.toContain('c2VjcmV0')
  })

  test('keeps the last requests and counts all', async () => {
    const forgetful = await startFaultProxy({ upstream: upstream.url, remember: 3 })
    for (let index = 1; index <= 5; index += 1) await call(`${forgetful.url}/${index}`)
    expect(forgetful.requests.map((request) => request.path)).toEqual(['/3', '/4', '/5'])
    expect(forgetful.count).toBe(5)
    await forgetful.stop()
  })

  test('counts by predicate and says when a number is reached', async () => {
    const heads = proxy.counter({ method: 'HEAD', path: /^\/v2\// })
    const third = heads.reached(3)
    for (const method of ['HEAD', 'GET', 'HEAD', 'HEAD']) await call(`${proxy.url}/v2/x`, { method })
    await call(`${proxy.url}/other`, { method: 'HEAD' })
    await third
    expect(heads.count).toBe(3)
    await expect(heads.reached(4, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  })

  test('shows each request to hooks before it is forwarded', async () => {
    const seen: string[] = []
    const remove = proxy.onRequest((request, n) =>
      seen.push(`${n} ${request.path} ${upstream.carriedOut.length}`),
    )
    await call(`${proxy.url}/a`)
    await call(`${proxy.url}/b`)
    remove()
    await call(`${proxy.url}/c`)
    expect(seen).toEqual(['1 /a 0', '2 /b 1'])
  })
})

describe('the moment', () => {
  test('holds a request back until it is released', async () => {
    const hold = proxy.hold({ path: '/held' })
    const answer = call(`${proxy.url}/held`)
    expect((await hold.arrived).path).toBe('/held')
    await call(`${proxy.url}/passes`)
    expect(upstream.carriedOut).toEqual(['GET /passes'])
    hold.release()
    expect((await answer).status).toBe(200)
    expect((await call(`${proxy.url}/held`)).status).toBe(200)
  })

  test('freezes, thaws, feeds and cuts a watch that is going on', async () => {
    const stream = collect(await open(`${proxy.url}/stream?watch=1`))
    const [exchange] = proxy.exchanges({ query: /watch=1/ })
    exchange?.freeze()
    upstream.streams[0]?.write('late\n')
    await call(`${proxy.url}/other`)
    expect(stream).toMatchObject({ text: '', ended: undefined })
    exchange?.thaw()
    await eventually(() => stream.text === 'late\n')
    exchange?.inject('made up\n')
    await eventually(() => stream.text === 'late\nmade up\n')
    exchange?.cut({ reset: true })
    await eventually(() => stream.ended === 'ECONNRESET')
    expect(proxy.requests[0]?.faulted).toEqual(['halfOpen', 'inject', 'cut'])
  })

  test('refuses to inject into an answer of known length', async () => {
    proxy.rule({ kind: 'halfOpen', at: 'body', after: 1 })
    const answer = await open(`${proxy.url}/bytes/10`)
    expect(() => proxy.exchanges()[0]?.inject('x')).toThrow(/unknown length/)
    answer.destroy()
  })

  test('kills a process at its n-th request, which never reaches the upstream', async () => {
    const child = sequentialClient(`${proxy.url}/step`)
    killAtRequest(proxy, 3, () => child.pid ?? 0, { match: { path: '/step' } })
    const [code, signal] = await once(child, 'exit')
    expect([code, signal]).toEqual([null, 'SIGKILL'])
    expect(upstream.carriedOut).toHaveLength(2)
    expect(proxy.requests.at(2)?.faulted).toEqual(['cut'])
  })

  test('kills a process whose n-th request was carried out, before it learns of it', async () => {
    const child = sequentialClient(`${proxy.url}/step`)
    killAtRequest(proxy, 3, () => child.pid ?? 0, { when: 'answered' })
    await once(child, 'exit')
    expect(upstream.carriedOut).toHaveLength(3)
    expect(proxy.requests.at(2)).toMatchObject({ faulted: ['drop'], status: undefined })
  })
})

describe('the port', () => {
  test('refuses connections while it does not listen, and takes them again', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    await call(proxy.url, { agent })
    proxy.stopListening()
    expect(await failure(proxy.url)).toBe('ECONNREFUSED')
    expect(await failure(proxy.url, { agent })).toBe('status 200')
    agent.destroy()
    await proxy.resumeListening()
    expect(await failure(proxy.url)).toBe('status 200')
  })

  test('can leave new connections without any answer', async () => {
    proxy.silenceConnections(true)
    const leaving = new AbortController()
    const asked = failure(proxy.url, { signal: leaving.signal })
    await eventually(() => proxy.connections === 1)
    proxy.silenceConnections(false)
    expect(await failure(proxy.url)).toBe('status 200')
    expect(proxy.count).toBe(1)
    leaving.abort()
    expect(await asked).toBe('ABORT_ERR')
  })

  test('cuts every connection at once', async () => {
    const streams = [collect(await open(`${proxy.url}/stream`)), collect(await open(`${proxy.url}/stream`))]
    await proxy.cutConnections()
    expect(proxy.openConnections).toBe(0)
    await eventually(() => streams.every((stream) => stream.ended === 'ECONNRESET'))
  })

  test('stops although a pipelined request waits behind one that is never answered', async () => {
    const own = await startFaultProxy({ upstream: upstream.url })
    own.rule({ kind: 'halfOpen', at: 'request' })
    const socket = connect(Number(new URL(own.url).port), '127.0.0.1')
    socket.on('error', () => socket.destroy())
    socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => own.count === 2)
    await own.stop()
    expect(own.requests.map((request) => request.error)).toEqual(
      Array(2).fill('the connection to the client is gone'),
    )
  })

  test('leaves nothing open when it stops with requests under way', async () => {
    const socketsBefore = openSockets()
    const own = await startFaultProxy({ upstream: upstream.url, tls: true })
    own.rule({ kind: 'halfOpen', at: 'request' }, { path: '/swallowed' })
    own.rule({ kind: 'delay', at: 'request', ms: 3_600_000 }, { path: '/delayed' })
    const held = own.hold({ path: '/held' })
    const clients = ['/swallowed', '/delayed', '/held'].map((path) =>
      failure(`${own.url}${path}`, { ca: own.caPem }),
    )
    const watch = collect(await open(`${own.url}/stream`, { ca: own.caPem }))
    await held.arrived
    await eventually(() => own.count === 4)
    await own.stop()
    expect(own.openConnections).toBe(0)
    expect(await Promise.all(clients)).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET'])
    await eventually(() => watch.ended !== undefined)
    await eventually(() => openSockets() <= socketsBefore, { message: 'all sockets and timers to be gone' })
  })
})

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout/.test(name)).length
}

/** A process that sends one request after the other until it is killed. */
function sequentialClient(url: string) {
  const program = `for (;;) await (await fetch(process.argv[1])).text()`
  return spawn(process.execPath, ['--input-type=module', '-e', program, url], { stdio: 'ignore' })
}
