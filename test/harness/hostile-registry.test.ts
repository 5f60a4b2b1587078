import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { call, collect, failure, open } from '#test/harness/fault-proxy/test-client.ts'
import { type HostileRegistry, startHostileRegistry } from '#test/harness/hostile-registry.ts'
import { eventually } from '#test/harness/wait.ts'

let registry: HostileRegistry

beforeEach(async () => {
  registry = await startHostileRegistry()
})

afterEach(() => registry.stop())

const manifest = (mode: string) => `${registry.url}/v2/${mode}/manifests/latest`
const tags = (mode: string) => `${registry.url}/v2/${mode}/tags/list`

test('every repository answers, or is silent on purpose', async () => {
  for (const mode of registry.repositories) {
    if (mode === 'never-answers' || mode === 'huge-headers') continue
    const answer = await open(manifest(mode))
    expect(answer.statusCode, mode).toBeGreaterThanOrEqual(200)
    answer.destroy()
  }
  await eventually(() => registry.openConnections === 0)
})

test('a manifest of 1 GiB is generated as fast as it is read, and no faster', async () => {
  const answer = await open(manifest('huge-manifest'))
  expect(Number(answer.headers['content-length'])).toBeGreaterThan(2 ** 30)
  await eventually(() => answer.readableLength > 0)
  answer.destroy()
  await eventually(() => registry.openConnections === 0)
  expect(registry.bytesSent).toBeLessThan(32 * 2 ** 20)
})

test('pages of tags and of the catalog never end, with new cursors or the same', async () => {
  const next = async (url: string) => String((await call(url)).headers.link)
  expect(await next(`${tags('endless-tags')}?last=41`)).toBe(
    '</v2/endless-tags/tags/list?last=42>; rel="next"',
  )
  expect(await next(`${tags('circling-tags')}?last=1`)).toBe(
    '</v2/circling-tags/tags/list?last=1>; rel="next"',
  )
  expect(await next(`${registry.url}/v2/_catalog?last=7`)).toBe('</v2/_catalog?last=8>; rel="next"')
  expect(await next(tags('foreign-next-page'))).toContain(registry.canary.url)
})

test('lengths lie in both directions', async () => {
  const short = await call(manifest('short-body'))
  expect(short.error).toBe('ECONNRESET')
  expect(short.body.length).toBe(Number(short.headers['content-length']) - 100)
  const long = await call(manifest('long-body'))
  expect(() => JSON.parse(long.body.toString())).toThrow()
})

test('JSON is 100,000 deep, and valid', async () => {
  const { body } = await call(manifest('deep-manifest'))
  expect(body.toString().match(/\{"a":/g)).toHaveLength(100_000)
  expect(body.toString().match(/\{/g)).toHaveLength(body.toString().match(/\}/g)?.length ?? 0)
})

test('a gzip bomb is small on the wire', async () => {
  const { body, headers } = await call(manifest('gzip-bomb'))
  expect(headers['content-encoding']).toBe('gzip')
  expect(body.length).toBeLessThan(2 * 2 ** 20)
  expect(() => gunzipSync(body, { maxOutputLength: 64 * 2 ** 20 })).toThrow(/larger than/)
})

test('one byte a second comes at once, the next does not', async () => {
  const answer = await open(manifest('one-byte-a-second'))
  const body = collect(answer)
  await eventually(() => body.text === '{')
  answer.destroy()
})

test('headers are larger than a client takes', async () => {
  expect(await failure(manifest('huge-headers'))).toBe('HPE_HEADER_OVERFLOW')
})

test('the canary notes who was led astray, and with what', async () => {
  const { headers } = await call(manifest('redirect-to-foreign'))
  await call(String(headers.location), { headers: { Authorization: 'Basic eDp5' } })
  expect(registry.canary.visits).toEqual([
    { method: 'GET', path: '/v2/redirect-to-foreign/manifests/latest', authorized: true },
  ])
})

test('it stops with requests unanswered', async () => {
  const own = await startHostileRegistry({ catalog: 'honest' })
  expect(JSON.parse((await call(`${own.url}/v2/_catalog`)).body.toString())).toEqual({
    repositories: own.repositories,
  })
  const silent = failure(`${own.url}/v2/never-answers/manifests/latest`)
  await eventually(() => own.requests === 2)
  await own.stop()
  expect(await silent).toBe('ECONNRESET')
  expect(own.openConnections).toBe(0)
})
