import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'
import type { RegistryTarget, RequestObserver } from './client.ts'
import { RegistryPool } from './pool.ts'

type Finished = Parameters<RequestObserver['finished']>[0]

let pool: RegistryPool
let seen: Finished[]

beforeEach(() => {
  seen = []
  const observer = { finished: (request: Finished) => void seen.push(request) }
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test/1', observer })
})

afterEach(() => pool.close())

async function serving(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  try {
    await use(`http://127.0.0.1:${address.port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('equal targets share a client; another credential, CA or prefix has its own', () => {
  const target: RegistryTarget = { url: 'https://r.test', limits: { concurrency: 1 } }
  const client = pool.client(target)
  expect(pool.client({ ...target, limits: { concurrency: 5 } })).toBe(client)
  expect(pool.client({ ...target, url: 'https://r.test/team' })).not.toBe(client)
  const credential = { kind: 'basic', username: 'a', password: 'b' } as const
  expect(pool.client({ ...target, credential })).not.toBe(client)
  expect(pool.client({ ...target, credential })).toBe(
    pool.client({ ...target, credential: { ...credential } }),
  )
})

test.each(['', 'r.test', 'ftp://r.test', 'r.test:5000'])('%j is no URL of a registry', (url) => {
  expect(() => pool.client({ url, limits: { concurrency: 1 } })).toThrow(
    expect.objectContaining({ code: 'SPEC_INVALID' }),
  )
})

test('clients of one origin share its limit', async () => {
  let active = 0
  let most = 0
  const waiting: (() => void)[] = []
  const listener: RequestListener = (_, response) => {
    active += 1
    most = Math.max(most, active)
    waiting.push(() => {
      active -= 1
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  }
  await serving(listener, async (url) => {
    const limits = { concurrency: 3 }
    const clients = ['a', 'b'].map((username) =>
      pool.client({ url, limits, credential: { kind: 'basic', username, password: 'x' } }),
    )
    const pings = Promise.all(clients.flatMap((client) => Array.from({ length: 6 }, () => client.ping())))
    for (let answered = 0; answered < 12; ) {
      await eventually(() => waiting.length > 0)
      for (const answer of waiting.splice(0)) {
        answer()
        answered += 1
      }
    }
    await pings
    expect(most).toBe(3)
  })
})

test('the observer hears of every exchange, the registry of our name', async () => {
  const agents: (string | undefined)[] = []
  const listener: RequestListener = (request, response) => {
    agents.push(request.headers['user-agent'])
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
  await serving(listener, async (url) => {
    await pool.client({ url, limits: { concurrency: 1 } }).ping()
    expect(seen).toMatchObject([{ host: new URL(url).host, method: 'GET', status: 200 }])
    expect(agents).toEqual(['tallyman-test/1'])
  })
  // Longer than a label of DNS may be: no resolver is asked.
  const nowhere = `${'a'.repeat(64)}.invalid`
  await expect(pool.client({ url: `http://${nowhere}`, limits: { concurrency: 1 } }).ping()).rejects.toThrow()
  expect(seen.at(-1)).toMatchObject({ host: nowhere, status: 'REGISTRY_UNREACHABLE' })
})

test('400,000 tags in one body of 13 MB are listed', async () => {
  const tags = Array.from({ length: 400_000 }, (_, i) => `release-2026.11.24-build-${i}`)
  const body = JSON.stringify({ name: 'a', tags })
  expect(body.length).toBeGreaterThan(13_000_000)
  const listener: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  }
  await serving(listener, async (url) => {
    let count = 0
    for await (const page of pool.client({ url, limits: { concurrency: 1 } }).tags('a')) count += page.length
    expect(count).toBe(400_000)
  })
})

test('a token server that is asked again gets no secret into a message', async () => {
  const listener: RequestListener = (request, response) => {
    const realm = `http://${request.headers.host}/token?key=hidden`
    if (request.url?.startsWith('/token')) response.writeHead(418).end('no')
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end()
  }
  await serving(listener, async (url) => {
    const credential = { kind: 'basic', username: 'anna', password: 'secret' } as const
    const error: unknown = await pool
      .client({ url, credential, limits: { concurrency: 1 } })
      .getManifest('a', '1')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' })
    expect(JSON.stringify([String(error), error])).not.toMatch(/hidden|secret|YW5uYT/)
  })
})
