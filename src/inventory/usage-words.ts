import type { Usage } from '#inventory/usage.ts'
import { type ContainerUse, USE_KINDS, type UseKind } from '#inventory/using-object.ts'

// A usage as words of 32 bits: namespace, name and kind of the owner; then for each container its image and its state.
// Kind and state are shifted left over flags.
export const NAMESPACE = 0
export const OWNER_NAME = 1
export const OWNER_KIND = 2
export const HEAD_WORDS = 3
export const CONTAINER_WORDS = 2

const PULL_SECRETS = 1
const FINISHED = 2
const USE_SHIFT = 2
const USE_MASK = 7
const KIND_SHIFT = 5

const NEVER_PULL = 1
const PULL_FAILING = 2
const RUNNING_SHIFT = 2
// What runs: the id of its digest, shifted left over whether it is a config's.
const CONFIG = 1
const DIGEST_SHIFT = 1

export function packOwnerKind(kind: number, usage: Usage): number {
  const flags = (usage.finished ? FINISHED : 0) | (usage.hasPullSecrets ? PULL_SECRETS : 0)
  return (kind << KIND_SHIFT) | (USE_KINDS.indexOf(usage.use) << USE_SHIFT) | flags
}

export function ownerKindOf(word: number): number {
  return word >>> KIND_SHIFT
}

export function useOf(word: number): UseKind {
  return USE_KINDS[(word >>> USE_SHIFT) & USE_MASK] ?? 'pod'
}

export function isFinished(word: number): boolean {
  return (word & FINISHED) !== 0
}

export function hasPullSecrets(word: number): boolean {
  return (word & PULL_SECRETS) !== 0
}

export function packState(digest: number, { running, neverPull, pullFailing }: ContainerUse): number {
  const runs = (digest << DIGEST_SHIFT) | (running?.kind === 'config' ? CONFIG : 0)
  return (runs << RUNNING_SHIFT) | (neverPull ? NEVER_PULL : 0) | (pullFailing ? PULL_FAILING : 0)
}

export function isNeverPull(state: number): boolean {
  return (state & NEVER_PULL) !== 0
}

export function isPullFailing(state: number): boolean {
  return (state & PULL_FAILING) !== 0
}

/** What runs, as one number. */
export function runningOf(state: number): number {
  return state >>> RUNNING_SHIFT
}

export function digestOf(running: number): number {
  return running >>> DIGEST_SHIFT
}

export function isConfig(running: number): boolean {
  return (running & CONFIG) !== 0
}
