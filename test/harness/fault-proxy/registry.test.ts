import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { call } from '#test/harness/fault-proxy/test-client.ts'
import { pattern } from '#test/harness/fault-proxy/test-upstream.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { startRegistry } from '#test/harness/registry.ts'

test.each([false, true])('a real registry takes and gives blobs through the proxy (TLS: %s)', async (tls) => {
  const registry = await startRegistry({ version: '2.8', tls })
  const proxy = await startFaultProxy({
    upstream: registry.url,
    ...(registry.caPem === undefined ? {} : { upstreamCa: registry.caPem }),
    tls: !tls,
  })
  const ca = proxy.caPem
  try {
    const blob = pattern(3_000_000)
    const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`
    const started = await call(`${proxy.url}/v2/a/b/blobs/uploads/`, { method: 'POST', ca })
    const location = started.headers.location ?? ''
    expect(location.startsWith(`${proxy.url}/v2/a/b/blobs/uploads/`)).toBe(true)

    const put = await call(`${location}&digest=${digest}`, { method: 'PUT', body: blob, ca })
    expect(put.status).toBe(201)
    const blobUrl = `${proxy.url}/v2/a/b/blobs/${digest}`
    expect((await call(blobUrl, { ca })).body.equals(blob)).toBe(true)
    const lastByte = await call(blobUrl, { headers: { Range: `bytes=${blob.length - 1}-` }, ca })
    expect(lastByte).toMatchObject({ status: 206, body: blob.subarray(-1) })

    proxy.rule({ kind: 'drop' }, { method: 'POST' })
    await expect(call(`${proxy.url}/v2/a/b/blobs/uploads/`, { method: 'POST', ca })).rejects.toThrow()
    expect(proxy.requests.map((request) => request.status)).toEqual([202, 201, 200, 206, undefined])
  } finally {
    await proxy.stop()
    await registry.stop()
  }
})
