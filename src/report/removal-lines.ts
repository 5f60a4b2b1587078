import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { KeptRemoval } from '#report/plan-removals.ts'

/** 400,000 tags have some 70 MB. */
const MAX_BYTES = 256 * 1024 * 1024
/** In UTF-16 units; more than the names of a repository, a tag and a digest can have. */
const MAX_LINE = 4_096
/** As spec.limits.maxEvictions is bounded. */
const MAX_REMOVALS = 1_000_000

/** Whose plan it is, and by which rules (identityLine). */
const IdentityLine = z.tuple([z.string(), z.string(), z.string(), z.string()])
/** See removalLine. */
const RemovalLine = z.tuple([z.string(), z.string(), z.string(), z.enum(['untag', 'evict'])])

/** Reads the lines that the digest of a plan is over, as they come, and refuses to hold more than a plan can have. */
export class RemovalLines {
  readonly removals: KeptRemoval[] = []
  readonly #hash = createHash('sha256')
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #held = ''
  #bytes = 0
  #isFirst = true

  /** @throws Error it is nothing that we could have written */
  take(part: Buffer): void {
    this.#hash.update(part)
    this.#bytes += part.length
    const lines = (this.#held + this.#decoder.decode(part, { stream: true })).split('\n')
    this.#held = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
    if (this.#bytes > MAX_BYTES || this.#held.length > MAX_LINE || this.removals.length > MAX_REMOVALS) {
      throw new RangeError('it has more than a plan can have')
    }
  }

  /** Of all that was taken. @returns `sha256:` and hex digits */
  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`
  }

  #line(line: string): void {
    const values: unknown = JSON.parse(line)
    if (this.#isFirst) {
      IdentityLine.parse(values)
      this.#isFirst = false
      return
    }
    const [repository, tag, digest, action] = RemovalLine.parse(values)
    this.removals.push({ repository, tag, digest, action })
  }
}
