import { asTallymanError, hasCode, type TallymanError } from '#catalogue/error.ts'
import { exactDigest } from '#copy/exact-digest.ts'
import type { RepairCandidate } from '#copy/repair-candidates.ts'
import { type RestoreOptions, restoreImage } from '#copy/restore-image.ts'
import type { RegistryClient } from '#registry/client.ts'
import type { Manifest } from '#registry/manifest.ts'

/** How the repair of one image ended. */
export type RepairOutcome = 'Repaired' | 'WouldRepair' | 'NotFound' | 'Impossible' | 'Failed'

export interface RepairedImage {
  readonly image: string
  readonly outcome: RepairOutcome
  /** What was or would be copied, or why not and what to do. */
  readonly message: string
}

export interface RepairOptions extends RestoreOptions {
  /** Images at most; the others wait for the next run. */
  readonly limit: number
}

/**
 * Copies what is missing of images back from a registry that may have exactly them, one image after the other: a repair is no reason to
 * keep those waiting who pull.
 * @throws CANCELLED, LEADERSHIP_LOST; everything else is the outcome of its image
 */
export async function repairImages(
  candidates: readonly RepairCandidate[],
  source: RegistryClient,
  destination: RegistryClient,
  options: RepairOptions,
): Promise<RepairedImage[]> {
  const repaired: RepairedImage[] = []
  for (const candidate of candidates.slice(0, options.limit)) {
    repaired.push({ image: candidate.image, ...(await repair(candidate, source, destination, options)) })
  }
  return repaired
}

async function repair(
  candidate: RepairCandidate,
  source: RegistryClient,
  destination: RegistryClient,
  options: RepairOptions,
): Promise<Omit<RepairedImage, 'image'>> {
  const { repository, tag, damaged } = candidate
  try {
    const digest = await digestOf(candidate, source, options.signal)
    if (digest === undefined) return { outcome: 'NotFound', message: unknownDigest(candidate) }
    const { blobs, manifests, tags, bytes } = await restoreImage(
      source,
      destination,
      { repository, tag, digest, damaged },
      options,
    )
    const what = `${blobs} blobs (${bytes} bytes), ${manifests} manifests and ${tags} tags of ${digest}`
    return options.dry
      ? { outcome: 'WouldRepair', message: `would copy ${what}` }
      : { outcome: 'Repaired', message: `copied ${what}` }
  } catch (thrown) {
    options.signal.throwIfAborted()
    const error = asTallymanError(thrown)
    if (error.code === 'LEADERSHIP_LOST') throw error
    return { outcome: outcomeOf(error), message: error.advice }
  }
}

function outcomeOf({ code }: TallymanError): RepairOutcome {
  if (code === 'RESTORE_IMPOSSIBLE') return 'Impossible'
  return code === 'REGISTRY_ABSENT' ? 'NotFound' : 'Failed'
}

async function digestOf(
  { repository, tag, digests }: RepairCandidate,
  source: RegistryClient,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (tag === undefined) return digests[0]
  let tagged: Manifest | undefined
  try {
    tagged = await source.getManifest(repository, tag, { signal, lane: 'bulk' })
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
  }
  return exactDigest(tagged, digests)
}

function unknownDigest({ digests }: RepairCandidate): string {
  return digests.length === 0
    ? 'which digest it had is not known: no pod reports one, and it was not seen whole since the operator started'
    : `it may have been any of ${digests.length} digests that run, and the other registry does not say which; push the tag again`
}
