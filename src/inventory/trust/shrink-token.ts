import { hash } from 'node:crypto'
import type { Baseline } from '#inventory/trust/shrink-guard.ts'

/**
 * What a human writes into `acceptShrink`. It speaks of one baseline: once accepted, the baseline is another and the token is used up.
 */
export function shrinkToken(identity: string, baseline: Baseline | undefined): string {
  const text = JSON.stringify([identity, baseline?.images, baseline?.watched])
  return `shrink-${hash('sha256', text, 'hex').slice(0, 12)}`
}
