import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { TallymanError } from '#catalogue/error.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'
import { invalidPlan, type KeptPlanEntry } from '#report/kept-plans.ts'
import { REMOVALS_TYPE } from '#report/plan-files.ts'
import type { KeptRemoval } from '#report/plan-removals.ts'
import { RemovalLines } from '#report/removal-lines.ts'

/** 400,000 tags have some 15 MB. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * What goes by a plan that was kept. Nothing of it is believed that is not what the digest of the plan is over (S12).
 * @throws REPORT_INVALID; REGISTRY_*
 */
export async function readRemovals(
  client: RegistryClient,
  repository: string,
  entry: KeptPlanEntry,
  call: CallOptions,
): Promise<KeptRemoval[]> {
  const file = entry.files.find(({ mediaType }) => mediaType === REMOVALS_TYPE)
  if (file === undefined || file.size > MAX_BYTES) throw invalidPlan(repository, entry)
  const lines = new RemovalLines()
  try {
    await pipeline(
      client.readBlob(repository, file, call),
      createGunzip(),
      async (unpacked: AsyncIterable<Buffer>) => {
        for await (const part of unpacked) lines.take(part)
      },
    )
  } catch (error) {
    throw error instanceof TallymanError ? error : invalidPlan(repository, entry, error)
  }
  if (lines.digest() !== entry.plan) throw invalidPlan(repository, entry)
  return lines.removals
}
