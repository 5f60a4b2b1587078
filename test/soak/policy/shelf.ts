import { z } from 'zod'
import type { Dice } from '../dice.ts'
import { keyOf, type Used } from './oracle.ts'
import type { Shop } from './shop.ts'

const Tags = z.object({ tags: z.array(z.string()).nullish() })
/** An operator knows for long what it took; a soak has more runs than it keeps, and uses what is gone lately. */
const LATELY_MS = 25_000

interface Thing {
  readonly used: Used
  readonly digest: string
  goneAt: number | undefined
}

/** What CI has put into the registries, and which tags of it are gone by now. */
export class Shelf {
  readonly #things = new Map<string, Thing>()
  put(used: Used, digest: string): void {
    this.#things.set(keyOf(used), { used, digest, goneAt: undefined })
  }

  /** Lists every repository; those of a registry that is being restarted later. */
  async look({ name, server, repositories }: Shop, now: number): Promise<void> {
    for (const repository of repositories) {
      const listedAt = new Set(this.#things.keys())
      const answer = await server.wire.send({ path: `/v2/${repository}/tags/list` }).catch(() => undefined)
      if (answer?.status !== 200) continue
      const tags = new Set(Tags.parse(JSON.parse(answer.body.toString('utf8'))).tags)
      for (const thing of this.#things.values()) {
        const { used } = thing
        if (used.shop !== name || used.repository !== repository || !listedAt.has(keyOf(used))) continue
        if (tags.has(used.reference)) thing.goneAt = undefined
        else thing.goneAt ??= now
      }
    }
  }

  /** Nothing brings back what a garbage collection has freed and no copy was made of. */
  collected({ name, onEvict }: Shop): void {
    if (onEvict === 'Trash') return
    for (const [key, { used, goneAt }] of this.#things)
      if (used.shop === name && goneAt !== undefined) this.#things.delete(key)
  }

  /** A tag or digest that a new pod uses: most often one that is there. */
  draw({ name }: Shop, dice: Dice, now: number): Used | undefined {
    const things = [...this.#things.values()].filter(({ used }) => used.shop === name)
    const lately = things.filter(({ goneAt }) => goneAt !== undefined && now - goneAt < LATELY_MS)
    const there = things.filter(({ goneAt }) => goneAt === undefined)
    const from = lately.length > 0 && dice.chance(0.12) ? lately : there
    if (from.length === 0) return undefined
    const { used, digest } = dice.of(from)
    return dice.chance(0.25) ? { ...used, reference: digest } : used
  }

  isThere(used: Used): boolean {
    const thing = this.#things.get(keyOf(used))
    return thing !== undefined && thing.goneAt === undefined
  }
}
