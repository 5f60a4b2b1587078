import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { reservePort } from '#test/harness/ports.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { createAuthority, testAuthority } from '#test/harness/tls.ts'
import { systemClock } from '#time/clock.ts'
import { RegistryPool } from './pool.ts'

let registry: TestRegistry
let pool: RegistryPool

beforeAll(async () => {
  registry = await startRegistry({ version: '3' })
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
})

afterAll(async () => {
  await pool.close()
  await registry.stop()
})

describe('TLS', () => {
  const asked = (url: string, caPem?: string) =>
    pool.client({ url, caPem, limits: { concurrency: 1 } }).ping()

  test('a private authority is trusted when it is named, and only then', async () => {
    const secure = await startRegistry({ version: '3', tls: true })
    try {
      expect(await asked(secure.url, secure.caPem)).toMatchObject({ product: 'distribution-3' })
      await expect(asked(secure.url)).rejects.toMatchObject({
        code: 'REGISTRY_TLS_UNTRUSTED',
        message: expect.stringMatching(/unknown authority/),
      })
      const other = await createAuthority('other')
      await expect(asked(secure.url, other.caPem)).rejects.toMatchObject({ code: 'REGISTRY_TLS_UNTRUSTED' })
      await expect(asked(secure.url.replace('https:', 'http:'))).rejects.toMatchObject({
        code: 'REGISTRY_NOT_A_REGISTRY',
        message: expect.stringMatching(/wants https/),
      })
    } finally {
      await secure.stop()
    }
  })

  test('a certificate for another name is told as that', async () => {
    const authority = await testAuthority()
    const elsewhere = await startFaultProxy({
      upstream: registry.url,
      tls: await authority.issue(['other.test']),
    })
    try {
      await expect(asked(elsewhere.url, authority.caPem)).rejects.toMatchObject({
        code: 'REGISTRY_TLS_UNTRUSTED',
        message: expect.stringMatching(/another name/),
      })
    } finally {
      await elsewhere.stop()
    }
  })

  test('https to a port without TLS is told as that', async () => {
    await expect(asked(registry.url.replace('http:', 'https:'))).rejects.toMatchObject({
      code: 'REGISTRY_NOT_TLS',
    })
  })

  test('a CA that is none is refused before anything is asked', () => {
    expect(() => pool.client({ url: registry.url, caPem: 'x', limits: { concurrency: 1 } })).toThrow(
      expect.objectContaining({ code: 'SECRET_INVALID' }),
    )
  })

  test('a port that answers with something else', async () => {
    const port = await reservePort()
    await port.release()
    const server: Server = createServer((socket) => {
      socket.on('error', () => socket.destroy()).resume()
      socket.end('220 mail.example.test ESMTP\r\n')
    })
    await new Promise<void>((resolve) => server.listen(port.port, '127.0.0.1', resolve))
    try {
      await expect(asked(`http://127.0.0.1:${port.port}`)).rejects.toMatchObject({
        code: 'REGISTRY_NOT_A_REGISTRY',
      })
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
