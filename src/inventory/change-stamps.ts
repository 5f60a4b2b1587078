const INITIAL_IDS = 64
const GROWTH = 1.25

/**
 * When each id last changed, as a number that grows with every change: what has a stamp above an earlier `version`
 * changed since. Nothing has to be told that it was read, so any number of readers can follow.
 */
export class ChangeStamps {
  readonly #changes = new Stamps()
  readonly #moves = new Stamps()
  #version = 0

  get version(): number {
    return this.#version
  }

  /** Begins a change; the `mark`s that follow belong to it. */
  advance(): void {
    this.#version += 1
  }

  mark(id: number): void {
    this.#changes.put(id, this.#version)
    this.#moves.put(id, this.#version)
  }

  /** What is said of the id is the same, but stands at another place: who is walking over the places may miss it, or meet it twice. */
  markMoved(id: number): void {
    this.#moves.put(id, this.#version)
  }

  /** The ids that changed after `version`, freed ones included. */
  changedSince(version: number): number[] {
    return this.#changes.above(version)
  }

  /** The ids that changed or moved after `version`, freed ones included. */
  movedSince(version: number): number[] {
    return this.#moves.above(version)
  }
}

class Stamps {
  /** Doubles: at 500 changes a second, 32 bits would wrap within four months. */
  #stamps = new Float64Array(INITIAL_IDS)

  put(id: number, version: number): void {
    if (id >= this.#stamps.length) {
      const longer = new Float64Array(Math.ceil((id + 1) * GROWTH))
      longer.set(this.#stamps)
      this.#stamps = longer
    }
    this.#stamps[id] = version
  }

  above(version: number): number[] {
    const ids: number[] = []
    for (let id = 0; id < this.#stamps.length; id++) if ((this.#stamps[id] ?? 0) > version) ids.push(id)
    return ids
  }
}
