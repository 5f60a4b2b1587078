import { TallymanError } from '#catalogue/error.ts'
import { type RegistryPolicyObject, specOf } from '#controllers/resources.ts'
import { type Schedule, scheduleOf } from '#controllers/schedule.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { type CompiledRule, compileRules } from '#retention/compiled-rule.ts'

/** A spec as it is worked with. */
export interface UnderstoodPolicy {
  readonly spec: RegistryPolicySpec
  readonly schedule: Schedule
  readonly rules: readonly CompiledRule[]
}

const DEFAULT_INTERVAL = '24h'

/** @throws SPEC_INVALID with field, value and what would be right */
export function understand(policy: RegistryPolicyObject): UnderstoodPolicy {
  const spec = specOf(RegistryPolicySpec, policy)
  const interval = spec.interval ?? (spec.schedule === undefined ? DEFAULT_INTERVAL : undefined)
  return { spec, schedule: scheduleOf({ ...spec, interval }), rules: compileRules(spec.rules, 'spec.rules') }
}

/**
 * What an inventory does not remember long enough for, no waiting mends (S02).
 * @param retained how long each inventory remembers, ms, by its name
 * @returns undefined: all of them do
 */
export function retentionProblem(
  rules: readonly CompiledRule[],
  retained: readonly { readonly name: string; readonly retainMs: number }[],
): TallymanError | undefined {
  for (const { name: rule, inUseWithinMs = 0 } of rules) {
    for (const { name, retainMs } of retained) {
      if (inUseWithinMs <= retainMs) continue
      return new TallymanError(
        'SPEC_INVALID',
        `spec.rules: rule ${rule} asks for use within ${days(inUseWithinMs)}, and ImageInventory ${name} remembers ${days(retainMs)}: lower keep.inUseWithin, or raise spec.retain there`,
      )
    }
  }
  return undefined
}

/** Rounded to a tenth. */
function days(ms: number): string {
  return `${Math.round(ms / 8_640_000) / 10} d`
}
