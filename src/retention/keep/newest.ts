import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { KeepPolicy } from '#retention/keep/candidate.ts'
import { reason } from '#retention/reasons.ts'

/** `keep.newest`, and the newest of what nobody uses, unless the rule lets that go (S08). */
export const keepNewest: KeepPolicy = ({ digest, rule, stream, isUnused }) => {
  const newer = stream.newerThan(digest)
  const limit = isUnused ? newestOfUnused(rule) : rule.newest
  return newer !== undefined && newer < limit ? reason('Newest', '', newer + 1) : undefined
}

function newestOfUnused({ whenUnused, newest }: CompiledRule): number {
  return whenUnused === 'Evict' ? 0 : Math.max(newest, 1)
}
