import type { ImageEvidence } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { type ImageScanOptions, type ImageTarget, scanImages } from '#scan/image-scan.ts'
import { LapProofs, ProofMemory } from '#scan/proof-memory.ts'
import { systemClock } from '#time/clock.ts'

/** The proofs of a first and only lap. */
export function onlyLap(): LapProofs {
  const policy = { maxAgeMs: 0, untilNextLapMs: Number.POSITIVE_INFINITY }
  return new LapProofs(new ProofMemory(systemClock), policy, systemClock)
}

/** The same, in which all content is due. */
export function readingLap(): LapProofs {
  const policy = { maxAgeMs: 0, untilNextLapMs: Number.POSITIVE_INFINITY, contentCycleMs: 0 }
  return new LapProofs(new ProofMemory(systemClock), policy, systemClock)
}

/** How content is read where nothing holds it up. */
export const AT_ONCE = { bytesPerSecond: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY } as const

/** One scan of targets that are all in scope, with nothing known from before, but for what `options` says otherwise. */
export async function scanOnce(
  client: RegistryClient,
  targets: readonly ImageTarget[],
  options: Partial<ImageScanOptions> & Pick<ImageScanOptions, 'concurrency'>,
): Promise<ImageEvidence[]> {
  const { signal } = new AbortController()
  const defaults = { clock: systemClock, signal, depth: 'Blobs', proofs: onlyLap() } as const
  const evidence = await scanImages(client, targets, { ...defaults, ...options })
  return evidence.map((seen) => {
    if (seen === undefined) throw new Error('a target without a limit of age was left out')
    return seen
  })
}
