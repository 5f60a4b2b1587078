import type { UseReason } from '#inventory/in-use-index.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import { type Said, said } from './said.ts'

/** What is said of a tag before anybody asks what hangs on what. */
export interface Own {
  readonly keeps: boolean
  readonly reasons: readonly Said[]
  readonly rule: string | undefined
}

export function stays(reasons: Said | readonly Said[], rule?: CompiledRule): Own {
  return { keeps: true, reasons: [reasons].flat(), rule: rule?.name }
}

export function goes(why: Said, rule?: CompiledRule): Own {
  return { keeps: false, reasons: [why], rule: rule?.name }
}

/** Whom it names is words. */
export function inUse(use: UseReason): Said {
  if (use.kind === 'pinned') return said('Pinned', { of: 'words' })
  if (use.kind === 'remembered') return said('UsedLately', { of: 'words', at: use.remembered.lastSeen })
  if (use.kind === 'claimed') return said('InUse', { of: 'words' })
  // The others than the one that is named.
  return said('InUse', { of: 'words', count: Math.max(0, use.use.users.length - 1) })
}
