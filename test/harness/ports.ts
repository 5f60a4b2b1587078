import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { tryLock } from '#test/harness/pid-lock.ts'

/** A loopback port that no other harness on this machine takes until it is released or this process ends. */
export interface ReservedPort {
  readonly port: number
  release(): Promise<void>
}

// Below the ranges that Linux (32768) and macOS (49152) hand out for outgoing connections: between our look and the
// server's bind no connection of anybody can land on the port.
const FIRST = 16_384
const COUNT = 16_000
const TRIES = 200

/**
 * Reserves a free port of 127.0.0.1 for a server that cannot be told to take port 0.
 * @throws when no free port was found in 200 tries
 */
export async function reservePort(): Promise<ReservedPort> {
  // One user could not take over the locks of another.
  const directory = path.join(tmpdir(), `tallyman-ports-${userInfo().uid}`)
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    const release = await tryLock(path.join(directory, String(port)))
    if (release === undefined) continue
    if (await canBind(port)) return { port, release }
    await release()
  }
  throw new Error(`no free loopback port found in ${TRIES} tries from ${FIRST} to ${FIRST + COUNT}`)
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
