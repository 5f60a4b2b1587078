import type { Edges } from './journal-state.ts'

/**
 * For each manifest those of the others that have to be gone before it: the indexes that contain it, and what it speaks of (its subject). Zot,
 * Harbor and Google refuse a child before its index, and a signature without its image is of no use.
 */
export function guardians(manifests: ReadonlyMap<string, Edges>): Map<string, ReadonlySet<string>> {
  const before = new Map([...manifests.keys()].map((digest) => [digest, new Set<string>()]))
  for (const [digest, { children, subject }] of manifests) {
    for (const child of children) before.get(child)?.add(digest)
    if (subject !== undefined && manifests.has(subject)) before.get(digest)?.add(subject)
  }
  return before
}

/** Indexes, then children, then referrers: each after all its guardians (Kahn). What guards itself in a circle, which no hash allows, is left out. */
export function sweepOrder(before: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const after = new Map<string, string[]>()
  const waitsFor = new Map<string, number>()
  for (const [digest, guards] of before) {
    waitsFor.set(digest, guards.size)
    for (const guard of guards) after.set(guard, [...(after.get(guard) ?? []), digest])
  }
  const order = [...before.keys()].filter((digest) => waitsFor.get(digest) === 0)
  for (const digest of order) {
    for (const next of after.get(digest) ?? []) {
      const left = (waitsFor.get(next) ?? 0) - 1
      waitsFor.set(next, left)
      if (left === 0) order.push(next)
    }
  }
  return order
}
