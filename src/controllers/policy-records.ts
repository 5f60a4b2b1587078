import type { TallymanError } from '#catalogue/error.ts'
import type { PolicyMemories } from '#controllers/policy-memory.ts'
import { lostRecord } from '#controllers/policy-run.ts'
import { type RegistryObject, type RegistryPolicyObject, writtenIn } from '#controllers/resources.ts'
import { Turns } from '#registry/turns.ts'
import type { PolicyRecord } from '#retention/policy-record.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'

/**
 * Changes of the record of a policy, one after the other: what is brought back by itself is recorded in the middle of a run, which records its own.
 */
export class PolicyRecords {
  readonly #memories: Pick<PolicyMemories, 'load' | 'saveRecord'>
  readonly #clock: Clock
  readonly #turns = new Turns()

  constructor(memories: Pick<PolicyMemories, 'load' | 'saveRecord'>, clock: Clock) {
    this.#memories = memories
    this.#clock = clock
  }

  /**
   * @param url of the registry as it is now
   * @returns the record as it is kept then; nothing may be carried out by it before
   * @throws what keeps it from being read or kept: SPEC_INVALID, REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*, MEMORY_INVALID, RECORD_CONFLICT, TIMED_OUT; LEADERSHIP_LOST, CANCELLED
   */
  change(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    url: string,
    compute: (record: PolicyRecord) => PolicyRecord,
    signal: AbortSignal,
  ): Promise<PolicyRecord> {
    return this.#turns.take(keyOf(policy), async () => {
      const { record, recordProblem } = await this.#memories.load(policy, registry, url, signal)
      const problem = recordProblem ?? recordLoss(policy, record, this.#clock.now())
      if (problem !== undefined) throw problem
      const next = compute(record)
      if (next !== record) await this.#memories.saveRecord(policy, registry, next, signal)
      return next
    })
  }
}

/** Why the record of a policy cannot be all that it has done, by what its status tells (S32); undefined: it can. @param now ms since the epoch */
export function recordLoss(
  policy: RegistryPolicyObject,
  record: PolicyRecord,
  now: number,
): TallymanError | undefined {
  const retainFor = writtenIn(policy, 'trash', 'retainFor')
  const retainForMs = typeof retainFor === 'string' ? parseDuration(retainFor) : undefined
  return lostRecord(policy.status?.run, record, { now, retainForMs: retainForMs ?? Number.POSITIVE_INFINITY })
}
