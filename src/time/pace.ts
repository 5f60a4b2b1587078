/** Tags or manifests: some milliseconds of each walk over them. */
export const TURN = 4_096

/** Counts the pieces of work of walks that go in steps, so that none takes too long for one turn of the event loop. Walks after one another share it. */
export class Pace {
  readonly #turn: number
  #done = 0

  /** @param turn pieces of work in one turn */
  constructor(turn = TURN) {
    this.#turn = turn
  }

  /** One more piece of work is done. @returns whether the turn is over: the walk yields, and the next one begins */
  isTurnOver(): boolean {
    this.#done += 1
    if (this.#done < this.#turn) return false
    this.#done = 0
    return true
  }
}
