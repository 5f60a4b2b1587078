import { asTallymanError } from '#catalogue/error.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import { type RegistryObject, type RegistryPolicyObject, specOf } from '#controllers/resources.ts'
import { referenceOf, visitWorkspace } from '#controllers/workspace-visit.ts'
import { type Workspace, workspaceOf } from '#controllers/workspaces.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { Log } from '#kube/log.ts'
import { readKeptPlan } from '#report/kept-plan-reader.ts'
import { keptPlanAt, planRepository } from '#report/kept-plans.ts'
import type { PackedPlan } from '#report/packed-plan.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import type { Clock } from '#time/clock.ts'

/** So many are held, or waited for. Each takes 20 MB where the registry has 400,000 tags. */
const HELD = 4
/** What could not be read is not asked for again before, however many ask. */
const RETRY_MS = 60_000

export interface PlansReadBackParts {
  readonly access: RegistryAccess
  readonly registries: ObjectStore<RegistryObject>
  readonly clock: Clock
  readonly log: Log
}

/** What came of reading the plan that lies under a reference. */
interface Answer {
  readonly reference: string
  readonly plan: Promise<PackedPlan | undefined>
  /** When it became known that it cannot be read, ms, monotonic. */
  failedAt: number | undefined
}

/** The plans that the statuses of policies name in workspaces, read when somebody asks: one at a time, and the last few are held. */
export class PlansReadBack {
  readonly #parts: PlansReadBackParts
  /** By policy, the oldest first. */
  readonly #answers = new Map<string, Answer>()
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(parts: PlansReadBackParts) {
    this.#parts = parts
  }

  forget(key: string): void {
    this.#answers.delete(key)
  }

  /** @returns undefined: the status names none, others are waited for, or it cannot be read, which is logged */
  async plan(policy: RegistryPolicyObject): Promise<PackedPlan | undefined> {
    const reference = policy.status?.plan?.report?.reference
    if (reference === undefined) return undefined
    const plan = await this.#planAt(policy, reference)
    return plan !== undefined && isPlanOf(plan, policy) ? plan : undefined
  }

  async #planAt(policy: RegistryPolicyObject, reference: string): Promise<PackedPlan | undefined> {
    const key = keyOf(policy)
    const known = this.#answers.get(key)
    const retryAt = (known?.failedAt ?? Number.POSITIVE_INFINITY) + RETRY_MS
    if (known?.reference === reference && this.#parts.clock.monotonic() < retryAt) return await known.plan
    if (this.#waiting >= HELD) return undefined
    const plan = this.#last.then(() => this.#read(policy, reference))
    this.#last = plan
    const answer: Answer = { reference, plan, failedAt: undefined }
    this.#hold(key, answer)
    this.#waiting += 1
    const read = await plan
    this.#waiting -= 1
    if (read === undefined) answer.failedAt = this.#parts.clock.monotonic()
    return read
  }

  #hold(key: string, answer: Answer): void {
    this.#answers.delete(key)
    this.#answers.set(key, answer)
    const [oldest] = this.#answers.keys()
    if (this.#answers.size > HELD && oldest !== undefined) this.#answers.delete(oldest)
  }

  /** Never rejects. */
  async #read(policy: RegistryPolicyObject, reference: string): Promise<PackedPlan | undefined> {
    const { clock, log } = this.#parts
    try {
      // Whoever asks waits no longer than a visit takes; nobody else can call it off.
      return await visitWorkspace(clock, NEVER, (limit) => this.#visit(policy, reference, limit))
    } catch (thrown) {
      const { code, message } = asTallymanError(thrown)
      log.warn({ policy: keyOf(policy), reference, code, reason: message }, 'plan not read back to be shown')
      return undefined
    }
  }

  async #visit(
    policy: RegistryPolicyObject,
    reference: string,
    signal: AbortSignal,
  ): Promise<PackedPlan | undefined> {
    const { access, registries } = this.#parts
    const { registryRef } = specOf(RegistryPolicySpec, policy)
    const registry = registries.get(`${policy.metadata.namespace ?? ''}/${registryRef.name}`)
    const workspace = registry === undefined ? undefined : workspaceOf(registry, registries)
    if (workspace === undefined) return undefined
    const { client, url } = await access.open(workspace.registry, signal)
    const repository = plansOf(policy, workspace)
    const digest = reference.split('@')[1] ?? ''
    if (reference !== referenceOf(url, repository, digest)) return undefined
    const call = { signal, lane: 'bulk' } as const
    const entry = await keptPlanAt(client, repository, digest, call)
    return entry === undefined ? undefined : await readKeptPlan(client, repository, entry, call)
  }
}

/** The status names a reference and a digest: for a moment they may be those of two plans, and who approves one has to have seen that one. */
function isPlanOf({ head }: PackedPlan, { metadata, status }: RegistryPolicyObject): boolean {
  return head.digest === status?.plan?.digest && head.policy.uid === metadata.uid
}

/** Where the plans of a policy lie in the workspace. */
export function plansOf(
  { metadata: { namespace = '', name } }: RegistryPolicyObject,
  { prefix }: Workspace,
): string {
  return planRepository(prefix, namespace, name)
}

const NEVER = new AbortController().signal
