import type { TestCluster } from '#test/harness/cluster.ts'
import { killAtRequest, type RequestMatch } from '#test/harness/fault-proxy.ts'
import type { Dice } from '../dice.ts'
import { pause } from '../pause.ts'
import type { Operators } from './operators.ts'
import { type Shop, touches } from './shop.ts'

export interface MishapScene {
  readonly operators: Operators
  readonly cluster: TestCluster
  readonly shops: readonly Shop[]
  readonly dice: Dice
  readonly signal: AbortSignal
}

/** What has happened: how often a process was killed or frozen. */
export interface Happened {
  readonly kills?: number
  readonly freezes?: number
}

/** Something that happens to the operator, or to the cluster that it leads in. Resolves when it is over. */
export interface Mishap {
  readonly name: string
  readonly weight: number
  readonly happen: (scene: MishapScene) => Promise<Happened>
}

/** A run has as many requests as that quickly. */
const AWAITED_MS = 8_000

export const MISHAPS: readonly Mishap[] = [
  {
    name: 'killed',
    weight: 2,
    happen: async ({ operators, dice, signal }) => {
      const leader = await operators.leader()
      leader?.signal('SIGKILL')
      await leader?.exited
      await again(operators, dice, signal)
      return { kills: leader === undefined ? 0 : 1 }
    },
  },
  killing('killed at a request', 2, (_, dice) => ({ n: dice.between(1, 60), match: {} })),
  killing('killed at a request that takes something away', 5, (shop, dice) => ({
    n: dice.between(1, 6),
    match: { where: (request) => touches(shop, request) !== undefined },
  })),
  killing('killed while it writes below its workspace', 2, (_, dice) => ({
    n: dice.between(1, 12),
    match: { method: ['PUT', 'POST'], path: /^\/v2\/ops\// },
  })),
  {
    name: 'frozen',
    weight: 3,
    happen: async ({ operators, dice, signal }) => ({
      freezes: (await operators.freeze(dice.between(3_500, 9_000), signal)) ? 1 : 0,
    }),
  },
  {
    name: 'frozen for a moment',
    weight: 1,
    happen: async ({ operators, dice, signal }) => ({
      freezes: (await operators.freeze(dice.between(300, 2_500), signal)) ? 1 : 0,
    }),
  },
  {
    name: 'rolled out anew',
    weight: 1,
    happen: async ({ operators }) => {
      await operators.stop()
      await operators.start()
      return {}
    },
  },
  {
    name: 'API server killed',
    weight: 1,
    happen: async ({ cluster, dice, signal }) => {
      await cluster.stopApiServer({ kill: true })
      await pause(dice.between(0, 3_000), signal)
      await cluster.startApiServer()
      return {}
    },
  },
]

/** Kills the process that leads at one of its next requests to a registry: before it arrives, or when it was carried out. */
function killing(
  name: string,
  weight: number,
  which: (shop: Shop, dice: Dice) => { readonly n: number; readonly match: RequestMatch },
): Mishap {
  return {
    name,
    weight,
    happen: async ({ operators, shops, dice, signal }) => {
      const leader = await operators.leader()
      if (leader === undefined) return {}
      const shop = dice.of(shops)
      const { n, match } = which(shop, dice)
      const when = dice.chance(0.5) ? 'before' : 'answered'
      const callOff = killAtRequest(shop.front, n, leader.pid, { match, when })
      await Promise.race([leader.exited, pause(AWAITED_MS, signal)])
      callOff()
      const isKilled = !leader.running
      if (isKilled) await again(operators, dice, signal)
      return { kills: isKilled ? 1 : 0 }
    },
  }
}

/** Another process, after a moment in which there may be one only. */
async function again(operators: Operators, dice: Dice, signal: AbortSignal): Promise<void> {
  if (dice.chance(0.4)) await pause(dice.between(0, 4_000), signal)
  await operators.start()
}
