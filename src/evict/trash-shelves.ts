import { TallymanError } from '#catalogue/error.ts'
import type { Reach } from './hands.ts'
import type { TrashCopy } from './trash-copies.ts'
import type { OtherJournals } from './trash-others.ts'
import { type TrashPlace, trashRepository } from './trash-place.ts'
import { TrashShelf } from './trash-shelf.ts'

/** Five million copies of one source: something else is wrong there. */
const MAX_SHELVES = 10_000

/** The repositories of the trash that belong to one source. Each is listed once, when it is first looked at. */
export class TrashShelves {
  readonly #reach: Reach
  readonly #place: TrashPlace
  readonly #copies: readonly TrashCopy[]
  readonly #others: OtherJournals | undefined
  /** The repository in which the copy of a digest was begun last. */
  readonly #begun: ReadonlyMap<string, string>
  readonly #shelves = new Map<string, TrashShelf>()

  /** @param copies of the journal */
  constructor(
    reach: Reach,
    place: TrashPlace,
    copies: readonly TrashCopy[],
    others: OtherJournals | undefined,
  ) {
    this.#reach = reach
    this.#place = place
    this.#copies = copies
    this.#others = others
    this.#begun = new Map(copies.map(({ digest, repository }) => [digest, repository]))
  }

  /**
   * Takes room for a manifest and those below it: where an interrupted call had begun to copy it, or else in the first repository that has room.
   * @throws TRASH_UNUSABLE there is none
   */
  async claim(digest: string, family: Iterable<string>): Promise<TrashShelf> {
    const digests = [...family]
    const begun = this.#begun.get(digest)
    if (begun !== undefined) {
      const shelf = await this.#at(begun)
      if (shelf.claim(digests)) return shelf
    }
    for (let n = 1; n <= MAX_SHELVES; n++) {
      const shelf = await this.#at(trashRepository(this.#place, this.#reach.repository, n))
      if (shelf.claim(digests)) return shelf
    }
    throw new TallymanError(
      'TRASH_UNUSABLE',
      `${this.#place.prefix}: ${MAX_SHELVES} repositories for ${this.#reach.repository} are full`,
    )
  }

  async #at(repository: string): Promise<TrashShelf> {
    const open = this.#shelves.get(repository)
    if (open !== undefined) return open
    const begun = this.#copies.filter((copy) => copy.repository === repository)
    const shelf = await TrashShelf.open(this.#reach, repository, begun, this.#others)
    this.#shelves.set(repository, shelf)
    return shelf
  }
}
