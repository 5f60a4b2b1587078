import { setImmediate } from 'node:timers/promises'
import type { Evicted } from '#evict/evicted.ts'
import { evictedKey } from '#evict/evicted-key.ts'
import type { InUseIndex, KnownUsage, UseReason } from '#inventory/in-use-index.ts'
import { compilePins } from '#inventory/pins.ts'

/** Something that was evicted and is in use. */
export interface EvictedUse {
  readonly thing: Evicted
  readonly reason: UseReason
  /** What it is a signature or the like of, where it is in use for that: any of these being in use is enough. */
  readonly belongsTo?: readonly Evicted[] | undefined
}

const NO_PINS = compilePins([])
/** So many are asked about in one turn of the event loop: about 10 ms. */
const STEP = 4_000

/** Those of `things` that are in use, in their order. */
export async function evictedInUse(things: Iterable<Evicted>, index: InUseIndex): Promise<EvictedUse[]> {
  const used: EvictedUse[] = []
  let asked = 0
  for (const thing of things) {
    const reason = useOf(thing, index)
    if (reason !== undefined) used.push({ thing, reason })
    asked += 1
    if (asked % STEP === 0) await setImmediate()
  }
  return used
}

/** Of a tag that went more than once, what it named last. */
export function newestUses(uses: readonly EvictedUse[]): EvictedUse[] {
  const newest = new Map<string, EvictedUse>()
  for (const use of uses) {
    const key = evictedKey(use.thing)
    const known = newest.get(key)
    if (known === undefined || known.thing.at < use.thing.at) newest.set(key, use)
  }
  return [...newest.values()]
}

/**
 * Why something that was evicted is needed. A text that is no reference does not count: it keeps what may be meant by it from going, but no node can pull by it, and
 * it would bring back all tags of a repository.
 */
function useOf({ repository, tag, digest, config }: Evicted, index: InUseIndex): UseReason | undefined {
  const reasons = index.usesOf({ repository, tag, digest })
  const reason = reasons.find(
    (each) => !('match' in each ? each.match === 'salvaged' : each.kind === 'salvaged'),
  )
  if (reason !== undefined || config === undefined) return reason
  return index.usesOfConfig(config)[0]
}

/** What is known of use at one moment, as far as it was not known at the moment before. */
export class NewUses {
  #seen: ReadonlySet<string> = new Set()

  /** Everything is new again. */
  reset(): void {
    this.#seen = new Set()
  }

  /** @returns undefined: nothing is new. Takes time in proportion to what is known. */
  of({ snapshots, claims = [] }: KnownUsage): KnownUsage | undefined {
    const before = this.#seen
    const now = new Set<string>()
    let isAny = false
    const isNew = (key: string) => {
      now.add(key)
      const found = !before.has(key)
      if (found) isAny = true
      return found
    }
    // Every key has to be taken, also after one that is new.
    const anyNew = (kind: string, texts: readonly string[]) => onlyNew(kind, texts).length > 0
    const onlyNew = (kind: string, texts: readonly string[]) =>
      texts.filter((text) => isNew(`${kind} ${text}`))
    const fresh: KnownUsage = {
      snapshots: snapshots.map(({ images, remembered, pins }) => ({
        images: images.filter(({ image, runningDigests, runningConfigs }) =>
          some(anyNew('image', [image]), anyNew('digest', runningDigests), anyNew('config', runningConfigs)),
        ),
        remembered: remembered.filter(({ image, digests, configs }) =>
          some(anyNew('image', [image]), anyNew('digest', digests), anyNew('config', configs)),
        ),
        pins: anyNew('pin', pins.texts) ? pins : NO_PINS,
      })),
      claims: claims.map((claim) => ({
        ...claim,
        images: onlyNew('image', claim.images),
        digests: onlyNew('digest', claim.digests),
        configs: onlyNew('config', claim.configs),
        pins: onlyNew('pin', claim.pins),
      })),
    }
    this.#seen = now
    return isAny ? fresh : undefined
  }
}

function some(...each: readonly boolean[]): boolean {
  return each.includes(true)
}
