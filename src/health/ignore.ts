import { compileGlob, type Glob } from '#crds/glob.ts'
import type { RegistryCheckSpec } from '#crds/registry-check.ts'
import type { Finding } from '#health/finding.ts'

export interface CompiledIgnore {
  readonly image: Glob
  readonly code: string | undefined
  /** Milliseconds since the epoch; from then on the rule has no effect. NaN never ends up here: the API server checks the format. */
  readonly until: number
}

export function compileIgnores(rules: RegistryCheckSpec['ignore']): CompiledIgnore[] {
  return (rules ?? []).map((rule) => ({
    image: compileGlob(rule.image),
    code: rule.code,
    until: Date.parse(rule.until),
  }))
}

/** Whether a known finding is accepted for the time being (S24). */
export function isIgnored(finding: Finding, rules: readonly CompiledIgnore[], now: number): boolean {
  return rules.some(
    (rule) =>
      now < rule.until &&
      (rule.code === undefined || rule.code === finding.code) &&
      rule.image.matches(finding.use.image),
  )
}
