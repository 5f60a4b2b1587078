import { manifestProblem, named, pullProblem } from '#test/harness/pull.ts'
import type { RegistryWire } from '#test/harness/registry/wire.ts'
import type { Seen, Used } from './oracle.ts'
import type { Shop } from './shop.ts'

const AT_ONCE = 6

/**
 * Looks past the proxies at every image in use, manifest by manifest, and at one of a few by every byte of its blobs: those go with a garbage collection only.
 * @returns undefined where a registry could not be asked: it is being restarted
 */
export async function lookAt(
  shops: readonly Shop[],
  inUse: readonly Used[],
  isWhole: (used: Used) => boolean,
): Promise<Seen[] | undefined> {
  const wires = new Map(shops.map(({ name, server }) => [name, server.wire]))
  const seen: Seen[] = []
  const left = inUse.values()
  const worker = async () => {
    for (const used of left) {
      const wire = wires.get(used.shop)
      if (wire !== undefined) seen.push(await see(wire, used, isWhole(used) ? pullProblem : manifestProblem))
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker))
  return ended.every(({ status }) => status === 'fulfilled') ? seen : undefined
}

async function see(wire: RegistryWire, used: Used, problemOf: typeof pullProblem): Promise<Seen> {
  const { repository, reference } = used
  const before = await named(wire, repository, reference)
  const problem = await problemOf(wire, repository, before ?? reference)
  // One that is moved meanwhile is looked at again.
  const digest = await named(wire, repository, reference)
  if (digest !== before) return await see(wire, used, problemOf)
  return { used, problem, digest }
}
