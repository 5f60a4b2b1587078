import { REGISTRY_POLICIES } from '#controllers/resources.ts'
import type { Api, Policy } from '#test/e2e/support/api.ts'
import type { Journal } from '../journal.ts'
import { pause } from '../pause.ts'
import { untilAnswered } from '../until-answered.ts'

const LOOK_MS = 1_000
/** A run that stopped for something that may pass goes on after minutes: a human who sees it has no patience. */
const PATIENCE_MS = 3_000
const WORDS = 300

/** Who looks after the policies of a soak: reads what they say, and lets them go on. */
export class Human {
  readonly #api: Api
  readonly #namespace: string
  readonly #journal: Journal
  /** By id, how many tags each run took. */
  readonly #runs = new Map<string, number>()
  readonly #restored = new Set<string>()

  constructor(api: Api, namespace: string, journal: Journal) {
    this.#api = api
    this.#namespace = namespace
    this.#journal = journal
  }

  get figures(): { runs: number; evicted: number; restored: number } {
    const evicted = [...this.#runs.values()].reduce((sum, count) => sum + count, 0)
    return { runs: this.#runs.size, evicted, restored: this.#restored.size }
  }

  async run(names: readonly string[], over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      for (const name of names) await untilAnswered(() => this.look(name), over)
      await pause(LOOK_MS, over)
    }
  }

  /** @returns the policy as it was. @throws KUBE_* */
  async look(name: string): Promise<Policy> {
    const policy = await this.#api.policy({ namespace: this.#namespace, name })
    this.#note(policy)
    const { conditions = [], run } = policy.status ?? {}
    const verdict = conditions.find(({ type }) => type === 'PlanReady')
    if (verdict?.reason === 'Held') await this.#release(policy, verdict.message)
    const isOver = run === undefined || run.finishedAt !== undefined
    if (Reflect.get(Object(policy.spec), 'mode') === 'DryRun') {
      if (isOver) await this.#patch(name, { spec: { mode: 'Enforce' } })
    } else if (!isOver && isWaiting(run)) {
      // What is given up is begun anew: otherwise a soak would wait for most of its time.
      const why = (run.message ?? run.phase).slice(0, WORDS)
      this.#journal.note(`${name}: a human gives up a run that waits: ${why}`, 'a run given up')
      await this.#patch(name, { spec: { mode: 'DryRun' } })
    }
    return policy
  }

  #note({ metadata, status }: Policy): void {
    for (const { id, untagged, phase } of [
      ...(status?.history ?? []),
      ...(status?.run ? [status.run] : []),
    ]) {
      if (!this.#runs.has(id)) this.#journal.note(`${metadata.name}: run ${id}, ${phase}`)
      this.#runs.set(id, Math.max(untagged, this.#runs.get(id) ?? 0))
    }
    for (const { image, outcome, time, cause } of status?.restorations ?? []) {
      const key = `${metadata.name} ${image} ${time}`
      if (outcome !== 'Restored' || this.#restored.has(key)) continue
      this.#restored.add(key)
      this.#journal.note(`${metadata.name}: ${image} is back (${cause})`)
    }
  }

  async #release({ metadata: { name }, spec }: Policy, said: string): Promise<void> {
    const releaseHold = /hold-[0-9a-f]{12}/.exec(said)?.[0]
    // The status says so until the next plan.
    if (releaseHold === Reflect.get(Object(spec), 'releaseHold')) return
    this.#journal.note(`${name}: a human lets it go on`, 'held, and let go on')
    await this.#patch(name, { spec: { releaseHold } })
  }

  #patch(name: string, patch: object): Promise<void> {
    return this.#api.patch(REGISTRY_POLICIES, { namespace: this.#namespace, name }, patch)
  }
}

function isWaiting({ phase, resumesAt = '' }: NonNullable<NonNullable<Policy['status']>['run']>): boolean {
  return phase !== 'WaitingForGarbageCollection' && Date.parse(resumesAt) - Date.now() > PATIENCE_MS
}
