import { killAtRequest } from '#test/harness/fault-proxy.ts'
import type { Dice } from './dice.ts'
import type { Operator } from './operator.ts'
import { pause } from './pause.ts'
import type { Site } from './site.ts'

export interface MishapScene {
  readonly operator: Operator
  readonly home: Site
  readonly edge: Site
  readonly dice: Dice
  readonly signal: AbortSignal
}

/** Something that happens to the operator, or to what it reads and writes. Resolves when it is over. */
export interface Mishap {
  readonly name: string
  readonly weight: number
  /** Whether another process goes on after it. */
  readonly isRestart?: boolean
  readonly happen: (scene: MishapScene) => Promise<unknown>
}

/** Some processes sleep as they do in production, others shorter: more happens in the same time. */
const HURRIES = [1, 1, 5, 20]

export const MISHAPS: readonly Mishap[] = [
  {
    name: 'killed',
    weight: 4,
    isRestart: true,
    happen: async (scene) => {
      await scene.operator.kill()
      await again(scene)
    },
  },
  {
    name: 'killed while it writes its ledger',
    weight: 3,
    isRestart: true,
    happen: async (scene) => {
      const { operator, home, dice, signal } = scene
      const match = { method: ['PUT', 'POST'], path: /\/configmaps/ }
      const when = dice.chance(0.5) ? 'before' : 'answered'
      const callOff = killAtRequest(home.link.proxy, dice.between(1, 3), () => operator.pid, { match, when })
      const soon = pause(20_000, signal)
      await Promise.race([soon, operator.ended()])
      callOff()
      await operator.kill()
      await again(scene)
    },
  },
  {
    name: 'restarted gracefully',
    weight: 2,
    isRestart: true,
    happen: async (scene) => {
      await scene.operator.stop()
      await again(scene)
    },
  },
  {
    name: 'lease lost and won again',
    weight: 2,
    isRestart: true,
    happen: ({ operator, dice, signal }) => operator.standBy(dice.between(0, 6_000), signal),
  },
  {
    name: 'inventory deleted and applied again',
    weight: 2,
    isRestart: true,
    happen: ({ operator, dice, signal }) => operator.applyAgain(dice.between(0, 6_000), signal),
  },
  {
    name: 'Secret rotated to another token',
    weight: 2,
    happen: ({ operator, edge, signal }) => operator.writeSecret(edge, signal),
  },
  {
    name: 'Secret rotated to the other cluster',
    weight: 2,
    happen: async ({ operator, home, edge, dice, signal }) => {
      await operator.writeSecret(home, signal)
      await pause(dice.between(3_000, 15_000), signal)
      await operator.writeSecret(edge, signal)
    },
  },
  {
    name: 'Secret deleted',
    weight: 1,
    happen: async ({ operator, edge, dice, signal }) => {
      await operator.deleteSecret(signal)
      await pause(dice.between(2_000, 10_000), signal)
      await operator.writeSecret(edge, signal)
    },
  },
  {
    name: 'ledger deleted',
    weight: 2,
    happen: ({ operator, dice, signal }) => {
      const most = dice.between(1, 3)
      const all = dice.chance(0.4)
      const choose = (names: readonly string[]) =>
        all ? names : Array.from({ length: Math.min(most, names.length) }, () => dice.of(names))
      return operator.deleteLedger(choose, dice.between(0, 15_000), signal)
    },
  },
  {
    name: 'clock set',
    weight: 1,
    happen: async ({ operator, dice, signal }) => {
      await operator.order({ kind: 'set clock', aheadMs: dice.of([-3_600_000, 600_000, 40 * 86_400_000]) })
      await pause(dice.between(1_000, 8_000), signal)
      await operator.order({ kind: 'set clock', aheadMs: 0 })
    },
  },
  { name: 'shrink accepted', weight: 4, happen: ({ operator }) => operator.accept() },
]

/** Another process, after a moment in which there is none. */
async function again({ operator, dice, signal }: MishapScene): Promise<void> {
  if (dice.chance(0.3)) await pause(dice.between(0, 4_000), signal)
  await operator.start(dice.of(HURRIES))
}
