import { TallymanError } from '#catalogue/error.ts'
import type { KnownUse } from '#commands/cluster-use.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import { type InUseIndex, inUseIndex } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { Clock } from '#time/clock.ts'

/** What is in use may have been read so long before a request that takes something away, in milliseconds. */
const MAX_AGE_MS = 60_000

/** What is in use by the clusters that were read, and by what installations of Tallyman say of theirs. */
export interface ReadUse extends KnownUse {
  readonly claims: readonly UsageClaim[]
}

/** @param isAgain it was read before @returns undefined: it cannot be read; why has been told */
export type UseReader = (signal: AbortSignal, isAgain: boolean) => Promise<ReadUse | undefined>

/** What is in use, read anew whenever a request would go by what is older than a minute: a command watches no cluster (S03). */
export class RecentUse {
  readonly #read: UseReader
  readonly #names: RegistryNames
  readonly #clock: Clock
  #reading: Reading
  /** Several requests wait for one reading. */
  #next: Promise<Reading | undefined> | undefined

  private constructor(reading: Reading, parts: RecentUseParts) {
    this.#reading = reading
    this.#read = parts.read
    this.#names = parts.names
    this.#clock = parts.clock
  }

  /** @returns undefined: it cannot be read; why has been told @throws CLAIM_FOREIGN, REGISTRY_*, CANCELLED */
  static async read(parts: RecentUseParts, signal: AbortSignal): Promise<RecentUse | undefined> {
    const { read, names, clock } = parts
    const startedAt = clock.monotonic()
    const use = await read(signal, false)
    return use === undefined ? undefined : new RecentUse(readingOf(use, names, startedAt), parts)
  }

  /** Another one after each reading. */
  get index(): InUseIndex {
    return this.#reading.index
  }

  get use(): ReadUse {
    return this.#reading.use
  }

  /** Resolves when what is known is at most a minute old. @throws BARRIER_NOT_REACHED, CLAIM_FOREIGN, REGISTRY_*, CANCELLED */
  async refresh(signal: AbortSignal): Promise<void> {
    const startedAt = this.#clock.monotonic()
    if (startedAt - this.#reading.startedAt <= MAX_AGE_MS) return
    this.#next ??= this.#again(startedAt, signal)
    const next = await this.#next
    if (next !== undefined) this.#reading = next
    else throw new TallymanError('BARRIER_NOT_REACHED', OUTDATED)
  }

  async #again(startedAt: number, signal: AbortSignal): Promise<Reading | undefined> {
    try {
      const use = await this.#read(signal, true)
      return use === undefined ? undefined : readingOf(use, this.#names, startedAt)
    } finally {
      this.#next = undefined
    }
  }
}

const OUTDATED =
  'What the clusters use was read more than a minute ago, and cannot be read again: nothing more is removed'

export interface RecentUseParts {
  readonly read: UseReader
  readonly names: RegistryNames
  readonly clock: Clock
}

interface Reading {
  readonly use: ReadUse
  readonly index: InUseIndex
  /** Monotonic ms. */
  readonly startedAt: number
}

function readingOf(use: ReadUse, names: RegistryNames, startedAt: number): Reading {
  return { use, startedAt, index: inUseIndex({ snapshots: [use.snapshot], claims: use.claims }, names) }
}
