import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { type RepairedImage, repairImages } from '#copy/repair.ts'
import { type RepairCandidate, repairCandidates } from '#copy/repair-candidates.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { REPAIRS_IN_STATUS, type RegistryCheckSpec, type RegistryCheckStatus } from '#crds/registry-check.ts'
import { rfc3339Seconds } from '#runtime/conditions.ts'
import type { Fence } from '#runtime/fence.ts'
import type { LookedAtImage } from '#scan/lap-result.ts'

type RepairSpec = NonNullable<RegistryCheckSpec['repair']>
export type RepairStatus = NonNullable<RegistryCheckStatus['repair']>

export interface RepairInput {
  readonly spec: RepairSpec
  /** What the run looked at. */
  readonly lookedAt: readonly LookedAtImage[]
  readonly registry: RegistryObject
  /** undefined: there is none of that name. */
  readonly from: RegistryObject | undefined
  readonly access: RegistryAccess
  readonly fence: Fence
  readonly signal: AbortSignal
}

/**
 * Tries to repair what a run found missing. Whatever keeps it from that is part of the result: the findings stand all the same.
 * @returns undefined: there is nothing to repair
 * @throws CANCELLED, LEADERSHIP_LOST
 */
export async function repairFindings(input: RepairInput, now: number): Promise<RepairStatus | undefined> {
  const candidates = repairCandidates(input.lookedAt)
  if (candidates.length === 0) return undefined
  try {
    return statusOf(input.spec, await repair(input, candidates), now)
  } catch (thrown) {
    input.signal.throwIfAborted()
    const error = asTallymanError(thrown)
    if (error.code === 'LEADERSHIP_LOST') throw error
    const message = error.advice.slice(0, MAX_TEXT)
    return { ...statusOf(input.spec, [], now), failed: candidates.length, message }
  }
}

async function repair(
  { spec, registry, from, access, fence, signal }: RepairInput,
  candidates: readonly RepairCandidate[],
): Promise<RepairedImage[]> {
  if (from === undefined) {
    throw new TallymanError(
      'REFERENCE_NOT_FOUND',
      `spec.repair.fromRef: there is no Registry ${spec.fromRef.name}`,
    )
  }
  if (specOf(RegistrySpec, registry).pullThrough) {
    throw new TallymanError(
      'SPEC_INVALID',
      'spec.repair: the Registry is a pull-through cache (spec.pullThrough), which takes no images',
    )
  }
  const dry = spec.mode === 'DryRun'
  const [source, destination] = await Promise.all([
    access.open(from, signal),
    access.open(registry, signal, dry ? 'pull' : 'push'),
  ])
  const beforeWrite = () => fence.assertLeader()
  const options = { dry, signal, beforeWrite, limit: spec.limit }
  return await repairImages(candidates, source.client, destination.client, options)
}

/** As registry-check.ts bounds it. */
const MAX_TEXT = 1024

function statusOf({ mode }: RepairSpec, images: readonly RepairedImage[], now: number): RepairStatus {
  const count = (outcome: RepairedImage['outcome']) =>
    images.filter((image) => image.outcome === outcome).length
  const repaired = count('Repaired')
  const wouldRepair = count('WouldRepair')
  const isGood = ({ outcome }: RepairedImage) => outcome === 'Repaired' || outcome === 'WouldRepair'
  return {
    ...{ time: rfc3339Seconds(now), mode, repaired, wouldRepair },
    failed: images.length - repaired - wouldRepair,
    images: images
      .toSorted((a, b) => Number(isGood(a)) - Number(isGood(b)))
      .slice(0, REPAIRS_IN_STATUS)
      .map(({ image, outcome, message }) => ({
        ...{ image: image.slice(0, MAX_TEXT), outcome, message: message.slice(0, MAX_TEXT) },
      })),
  }
}
