import type { ExecutionProgress } from '#evict/execution-progress.ts'
import type { Clock } from '#time/clock.ts'

/** A status is written so often at most. */
const WRITE_EVERY_MS = 5_000

/** Writes how far a run is, one status after the other: the latest, and not more than one in some seconds. */
export class ProgressWriter {
  readonly #clock: Clock
  readonly #write: (latest: ExecutionProgress) => Promise<void>
  readonly #failed: (error: unknown) => void
  #writing: Promise<void> = Promise.resolve()
  #isWriting = false
  #writtenAt = Number.NEGATIVE_INFINITY
  #hasEnded = false
  #stage: ExecutionProgress['stage'] | undefined

  /** @param failed told of what keeps a status from being written: the run goes on, and the next one says more */
  constructor(
    clock: Clock,
    write: (latest: ExecutionProgress) => Promise<void>,
    failed: (error: unknown) => void,
  ) {
    this.#clock = clock
    this.#write = write
    this.#failed = failed
  }

  tell(progress: ExecutionProgress): void {
    const isDue =
      progress.stage !== this.#stage || this.#clock.monotonic() - this.#writtenAt >= WRITE_EVERY_MS
    if (!isDue || this.#isWriting || this.#hasEnded) return
    this.#stage = progress.stage
    this.#writtenAt = this.#clock.monotonic()
    this.#isWriting = true
    this.#writing = this.#write(progress)
      .catch(this.#failed)
      .finally(() => {
        this.#isWriting = false
      })
  }

  /** Resolves when nothing is being written any more. */
  async end(): Promise<void> {
    this.#hasEnded = true
    await this.#writing
  }
}
