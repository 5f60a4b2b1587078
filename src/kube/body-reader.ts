import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'

/** How much is handed on in one turn of the event loop before others have theirs. */
const TURN_BYTES = 64 * 1024

/**
 * Hands on each piece of a body as it arrives, without copying or queueing it: `for await` would do both. Resolves when the body
 * has ended; rejects with what broke it, or with what `onChunk` threw, which also closes the connection.
 */
export async function readAsItComes(body: Readable, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  let sinceTurn = 0
  body.on('data', (chunk: Uint8Array) => {
    if (body.destroyed) return
    try {
      onChunk(chunk)
    } catch (thrown) {
      body.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)))
      return
    }
    sinceTurn += chunk.length
    if (sinceTurn < TURN_BYTES) return
    sinceTurn = 0
    body.pause()
    setImmediate(() => body.resume())
  })
  await finished(body, { writable: false })
}
