import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { TallymanError } from '#catalogue/error.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'
import { readJsonPlan } from '#report/json-plan-reader.ts'
import { invalidPlan, type KeptPlanEntry } from '#report/kept-plans.ts'
import type { PackedPlan } from '#report/packed-plan.ts'
import { PLAN_JSON_TYPE } from '#report/plan-files.ts'

/** 400,000 tags have some 20 MB. */
const MAX_BYTES = 64 * 1024 * 1024

/** A plan that was kept, packed as it was then. @throws REPORT_INVALID; REGISTRY_* */
export async function readKeptPlan(
  client: RegistryClient,
  repository: string,
  entry: KeptPlanEntry,
  call: CallOptions,
): Promise<PackedPlan> {
  const file = entry.files.find(({ mediaType }) => mediaType === PLAN_JSON_TYPE)
  if (file === undefined || file.size > MAX_BYTES) throw invalidPlan(repository, entry)
  try {
    const plan = await pipeline(client.readBlob(repository, file, call), createGunzip(), readJsonPlan)
    if (plan.content === entry.content && plan.head.digest === entry.plan) return plan
  } catch (error) {
    throw error instanceof TallymanError ? error : invalidPlan(repository, entry, error)
  }
  throw invalidPlan(repository, entry)
}
