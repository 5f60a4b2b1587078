import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { systemClock } from '#time/clock.ts'

/** How much of one body is handed on before others have their turn of the event loop. */
const TURN_BYTES = 64 * 1024
/** A body that begins later than this in a turn, when others took so long already, waits for its own. */
const TURN_MS = 4
/** A body whose pieces take longer than this goes on in another turn: what a Helm release holds takes long to read. */
const LONG_TURN_MS = 8

/**
 * Hands on each piece of a body as it arrives, without copying or queueing it: `for await` would do both. Resolves when the body
 * has ended; rejects with what broke it, or with what `onChunk` threw, which also closes the connection.
 */
export async function readAsItComes(body: Readable, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  let sinceTurn = 0
  body.on('data', (chunk: Uint8Array) => {
    if (body.destroyed) return
    const { isOver } = turns
    // Only at its beginning: undici reads as much as it hands on, and would gather what a body refuses more often than that.
    if (sinceTurn === 0 && isOver) {
      body.pause()
      // Back to where it came from: what is paused and empty could end meanwhile.
      body.unshift(chunk)
      turns.wait(() => body.resume())
      return
    }
    try {
      onChunk(chunk)
    } catch (thrown) {
      body.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)))
      return
    }
    sinceTurn += chunk.length
    if (sinceTurn < TURN_BYTES && !turns.isLong) return
    sinceTurn = 0
    body.pause()
    turns.wait(() => body.resume())
  })
  await finished(body, { writable: false })
}

/** The turns of the event loop, shared by all bodies of the process: of those that wait, one goes on in each. */
class SharedTurns {
  #isOpen = false
  #begunAt = 0
  readonly #waiting: (() => void)[] = []

  /** Whether the time of this turn is used up. The first who asks begins it. */
  get isOver(): boolean {
    if (!this.#isOpen) this.#open()
    return this.#lastsMs >= TURN_MS
  }

  /** Whether it was used up by far. */
  get isLong(): boolean {
    return this.#lastsMs >= LONG_TURN_MS
  }

  get #lastsMs(): number {
    return systemClock.monotonic() - this.#begunAt
  }

  wait(next: () => void): void {
    this.#waiting.push(next)
    if (!this.#isOpen) this.#open()
  }

  #open(): void {
    this.#isOpen = true
    this.#begunAt = systemClock.monotonic()
    setImmediate(() => {
      this.#isOpen = false
      this.#waiting.shift()?.()
      if (this.#waiting.length > 0) this.#open()
    })
  }
}

const turns = new SharedTurns()
