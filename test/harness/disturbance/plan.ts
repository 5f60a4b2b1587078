import type { Dice } from '#test/soak/dice.ts'
import { DOOMED_TAGS, type DoomedTag } from './images.ts'

/** What a pod names: a tag that goes by the plan, or an image by its digest. */
export type PodReference = { readonly tag: DoomedTag } | { readonly image: 'old' | 'multi' | 'platform' }

/**
 * What somebody does to a repository while a run takes things out of it. `push`: an image comes under a new tag: a build, one that goes by the plan, or an index that holds a
 * platform which goes. `promote`: a tag that stays is moved onto what goes by the plan, if that still stands. `move`: a tag that goes is moved onto something else.
 * `use`: a pod starts.
 */
export type Deed =
  | { readonly kind: 'push'; readonly tag: string; readonly image: 'fresh' | 'old' | 'holder' }
  | { readonly kind: 'promote'; readonly tag: 'stable'; readonly image: 'old' | 'multi' }
  | { readonly kind: 'move'; readonly tag: DoomedTag; readonly image: 'fresh' | 'kept' }
  | { readonly kind: 'use'; readonly reference: PodReference }

export interface Disturbance {
  /** Before which request of the run, from 1; `dead`: after its process died and before another one takes over. */
  readonly at: number | 'dead'
  readonly deed: Deed
  /** Whether what is used and gone is looked for at once, and whether the run waits for that. Else it is when everything is over. */
  readonly undo: 'first' | 'meanwhile' | 'later'
}

const MOST = 3
const KINDS = ['push', 'promote', 'move', 'use', 'use'] as const

/** One to three disturbances of a run that dies at its n-th request, those of the run by their time. */
export function drawDisturbances(dice: Dice, n: number): Disturbance[] {
  const drawn = Array.from({ length: dice.between(1, MOST) }, (_, nth): Disturbance => {
    const at = dice.chance(0.5) ? momentBefore(dice, n) : 'dead'
    return { at, deed: drawDeed(dice, nth), undo: dice.of(['first', 'meanwhile', 'later']) }
  })
  const order = ({ at }: Disturbance) => (at === 'dead' ? Number.POSITIVE_INFINITY : at)
  return drawn.sort((a, b) => (order(a) < order(b) ? -1 : Number(order(a) > order(b))))
}

/** Often the last request of all, or the one before: what comes then, the process that dies has not seen. */
function momentBefore(dice: Dice, n: number): number {
  return dice.chance(0.5) ? Math.max(1, n - dice.between(0, 1)) : dice.between(1, n)
}

function drawDeed(dice: Dice, nth: number): Deed {
  const kind = dice.of(KINDS)
  switch (kind) {
    case 'push':
      return { kind, tag: `new-${nth}`, image: dice.of(['fresh', 'old', 'holder']) }
    case 'promote':
      return { kind, tag: 'stable', image: dice.of(['old', 'multi']) }
    case 'move':
      return { kind, tag: dice.of(DOOMED_TAGS), image: dice.of(['fresh', 'kept']) }
    case 'use':
      return {
        kind,
        reference: dice.chance(0.5)
          ? { tag: dice.of(DOOMED_TAGS) }
          : { image: dice.of(['old', 'multi', 'platform']) },
      }
  }
}
