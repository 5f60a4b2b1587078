import type { PolicyMemories } from '#controllers/policy-memory.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import { Turns } from '#registry/turns.ts'
import type { PolicyRecord } from '#retention/policy-record.ts'
import { keyOf } from '#runtime/object-key.ts'

/**
 * Changes of the record of a policy, one after the other: what is brought back by itself is recorded in the middle of a run, which records its own.
 */
export class PolicyRecords {
  readonly #memories: PolicyMemories
  readonly #turns = new Turns()

  constructor(memories: PolicyMemories) {
    this.#memories = memories
  }

  /**
   * @param url of the registry as it is now
   * @returns the record as it is kept then; nothing may be carried out by it before
   * @throws what keeps it from being read or kept: SPEC_INVALID, REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*, MEMORY_INVALID, TIMED_OUT; LEADERSHIP_LOST, CANCELLED
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
      if (recordProblem !== undefined) throw recordProblem
      const next = compute(record)
      if (next !== record) await this.#memories.saveRecord(policy, registry, next, signal)
      return next
    })
  }
}
