import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { startRegistry } from '#test/harness/registry.ts'
import { systemClock } from '#time/clock.ts'
import { RegistryPool } from './pool.ts'
import { bypassesProxy } from './proxy.ts'

test.each([
  ['https://registry.example.com', ['example.com'], true],
  ['https://registry.example.com', ['.example.com'], true],
  ['https://registry.example.com', ['*.example.com'], true],
  ['https://registry.example.com', ['xample.com', 'registry'], false],
  ['https://example.com', ['.example.com'], true],
  ['https://registry.example.com', ['REGISTRY.example.com:443'], true],
  ['https://registry.example.com:5000', ['registry.example.com:443'], false],
  ['http://registry.example.com', ['registry.example.com:80'], true],
  ['https://10.1.2.3:5000', ['10.0.0.0/8'], true],
  ['https://11.1.2.3:5000', ['10.0.0.0/8', '10.1.2.3'], false],
  ['https://10.1.2.3', ['10.1.2.3'], true],
  ['https://[fd00::1]:5000', ['fd00::/8'], true],
  ['https://[fd00::1]:5000', ['[fd00::1]:5000'], true],
  ['https://registry.example.com', ['*'], true],
  ['https://registry.example.com', ['', ' ', 'a/b', '10.0.0.0/99'], false],
])('%s with %j bypasses the proxy: %s', (url, noProxy, expected) => {
  expect(bypassesProxy(new URL(url), noProxy)).toBe(expected)
})

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

/** A forward proxy that tunnels by CONNECT and notes what it is asked for. */
async function startTunnel(status = 200) {
  const asked: { target: string; authorization: string | undefined }[] = []
  const sockets = new Set<Socket>()
  const server = createServer()
  server.on('connect', (request, client: Socket) => {
    sockets.add(client)
    const target = request.url ?? ''
    asked.push({ target, authorization: request.headers['proxy-authorization'] })
    client.on('error', () => client.destroy())
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\n\r\n`)
      return
    }
    const [host = '', port = ''] = target.split(':')
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    sockets.add(upstream)
    upstream.on('error', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${portOf(server)}`,
    asked,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

test('a registry with TLS is reached through the tunnel, with the credentials of the proxy', async () => {
  const registry = await startRegistry({ version: '3', tls: true })
  const tunnel = await startTunnel()
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  try {
    const target = { url: registry.url, caPem: registry.caPem, limits: { concurrency: 2 } }
    const through = pool.client({ ...target, proxy: { url: `http://user:pass@${tunnel.host}` } })
    expect(await through.ping()).toMatchObject({ product: 'distribution-3' })
    expect(tunnel.asked).toEqual([
      { target: registry.host, authorization: `Basic ${Buffer.from('user:pass').toString('base64')}` },
    ])
    const direct = pool.client({ ...target, proxy: { url: `http://${tunnel.host}`, noProxy: ['127.0.0.1'] } })
    await direct.ping()
    expect(tunnel.asked.length).toBe(1)
  } finally {
    await pool.close()
    await tunnel.stop()
    await registry.stop()
  }
})

test('a registry without TLS is asked for by its whole URL', async () => {
  const registry = await startRegistry({ version: '2.8' })
  const urls: string[] = []
  const forward = createServer((request, response) => {
    urls.push(request.url ?? '')
    const upstream = httpRequest(
      request.url ?? '',
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    request.pipe(upstream)
  })
  forward.listen(0, '127.0.0.1')
  await once(forward, 'listening')
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  try {
    const proxy = { url: `http://127.0.0.1:${portOf(forward)}` }
    const client = pool.client({ url: registry.url, proxy, limits: { concurrency: 1 } })
    expect(await client.ping()).toMatchObject({ product: 'distribution-2' })
    expect(urls).toEqual([`${registry.url}/v2/`])
  } finally {
    await pool.close()
    forward.closeAllConnections()
    forward.close()
    await registry.stop()
  }
})

test('a proxy that refuses is named, and no password with it', async () => {
  const tunnel = await startTunnel(407)
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  try {
    const proxy = { url: `http://user:pass@${tunnel.host}` }
    const client = pool.client({ url: 'https://registry.invalid', proxy, limits: { concurrency: 1 } })
    const error: unknown = await client.ping().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', message: expect.stringMatching(/proxy/) })
    expect(String(error)).not.toContain('pass')
  } finally {
    await pool.close()
    await tunnel.stop()
  }
})
