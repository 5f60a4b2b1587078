import { TallymanError } from '#catalogue/error.ts'
import type { DestructiveOptions } from '#registry/client.ts'
import { ageOf, momentOf } from '#time/moment.ts'
import type { Candidate, Outcome } from './eviction.ts'
import type { Hands } from './hands.ts'

/** Why something is not taken away after all. */
export type Obstacle = Exclude<Outcome, 'untagged' | 'swept'>

/** What the guard has learned is asked for again after a look that took longer, in milliseconds: who is in use may be known too late else (S03). */
const LOOK_MS = 1_000

/**
 * Sends one destructive request, if everything still stands right before it: first the guard (claim, lease, barrier), then a look at what is to
 * go, then whether it is still to go. Only the sending itself comes after that.
 * @param stands looks once more @returns what `send` brought, or what stood in its way
 */
export async function takeAway<T extends object>(
  hands: Hands,
  candidates: readonly Candidate[],
  stands: () => Promise<Obstacle | undefined>,
  send: (options: DestructiveOptions) => Promise<T>,
): Promise<T | Obstacle> {
  let obstacle: Obstacle | undefined
  const guard = async (signal: AbortSignal) => {
    await hands.guard(signal)
    const asked = momentOf(hands.clock)
    obstacle = await stands()
    if (obstacle === undefined && ageOf(asked, hands.clock) > LOOK_MS) await hands.guard(signal)
    if (obstacle === undefined && !candidates.every(hands.stillDoomed)) obstacle = 'spared'
    if (obstacle !== undefined) throw new TallymanError('CANCELLED', `Nothing is deleted: ${obstacle}`)
  }
  try {
    return await send({ signal: hands.signal, guard, audit: hands.audit })
  } catch (error) {
    if (obstacle !== undefined) return obstacle
    throw error
  }
}
