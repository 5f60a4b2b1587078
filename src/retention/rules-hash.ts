import { createHash } from 'node:crypto'
import type { RetentionRule } from '#retention/rules.ts'

/** The same for rules that say the same, in whatever order their fields are written. `sha256:` and hex digits. */
export function rulesHash(rules: readonly RetentionRule[]): string {
  return `sha256:${createHash('sha256')
    .update(JSON.stringify(sorted(rules)))
    .digest('hex')}`
}

/** With the keys of every map in order, and without those of which the value is undefined. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)])
}
