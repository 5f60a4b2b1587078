import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { reservePort } from '#test/harness/ports.ts'

it('gives out different ports that can be bound', async () => {
  const reserved = await Promise.all(Array.from({ length: 20 }, () => reservePort()))
  expect(new Set(reserved.map(({ port }) => port)).size).toBe(20)
  const [first] = reserved
  const server = createServer().listen(first?.port, '127.0.0.1')
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
  await new Promise((resolve) => server.close(resolve))
  await Promise.all(reserved.map((port) => port.release()))
})
