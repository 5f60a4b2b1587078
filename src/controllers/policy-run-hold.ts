import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import { holdOn } from '#controllers/evicted-hold.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import type { PolicyRecords } from '#controllers/policy-records.ts'
import { heldPolicy } from '#controllers/policy-status.ts'
import type { PolicyUndo } from '#controllers/policy-undo.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { HARMFUL } from '#evict/execution.ts'
import type { Log } from '#kube/log.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { Clock } from '#time/clock.ts'

/** The requests have limits of their own; this is for all of them. */
const RECORDED_WITHIN_MS = 60_000

export interface PolicyRunHoldParts {
  readonly records: Pick<PolicyRecords, 'change'>
  readonly undo: Pick<PolicyUndo, 'hold' | 'standingHold'>
  readonly clock: Clock
  readonly log: Log
}

/** Where something is carried out. */
export interface HeldPlace {
  readonly pass: PolicyPass
  readonly registry: RegistryObject
  /** Where the registry answered. */
  readonly url: string
}

/**
 * Holds a policy as soon as a call has harmed something (S04). That is recorded also where the policy is told to stop by then, or its spec is another one: whoever goes on has to
 * know. What cannot be recorded holds in memory, is told in the status, and is recorded by the next plan.
 */
export class PolicyRunHold {
  readonly #parts: PolicyRunHoldParts
  readonly #place: HeldPlace
  readonly #recorded = new Set<string>()

  constructor(parts: PolicyRunHoldParts, place: HeldPlace) {
    this.#parts = parts
    this.#place = place
  }

  /** @param error what stops the call; nothing is held for what harms nothing, nor again for what is recorded */
  async record(error: TallymanError): Promise<void> {
    if (!HARMFUL.has(error.code) || this.#recorded.has(error.message)) return
    const { records, undo, clock, log } = this.#parts
    const { pass, registry, url } = this.#place
    const { policy } = pass
    const signal = AbortSignal.timeout(RECORDED_WITHIN_MS)
    const told = { policy: keyOf(policy), code: error.code, reason: error.advice }
    log.error(told, 'a run has harmed what was to stay: nothing more goes until a human has looked')
    try {
      await pass.shield(() =>
        undo.hold(policy, holdOn(error.message, clock.now()), (compute) =>
          records.change(policy, registry, url, compute, signal),
        ),
      )
      this.#recorded.add(error.message)
    } catch (thrown) {
      const { code, advice } = asTallymanError(thrown)
      log.error({ policy: keyOf(policy), code, reason: advice }, 'that the policy is held is not recorded')
    }
  }

  /** @throws what keeps the status from being written */
  async tell(): Promise<void> {
    const { pass } = this.#place
    const { undo, clock } = this.#parts
    const standing = undo.standingHold(keyOf(pass.policy))
    if (standing !== undefined) await pass.write((status) => heldPolicy(status, standing, clock.now()))
  }
}
