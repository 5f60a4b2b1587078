import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { TallymanError } from '#catalogue/error.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'
import { readJsonPlan, readRowsOf } from '#report/json-plan-reader.ts'
import { invalidPlan, type KeptPlanEntry } from '#report/kept-plans.ts'
import type { PackedPlan } from '#report/packed-plan.ts'
import type { PlanHead } from '#report/plan-document.ts'
import { PLAN_JSON_TYPE } from '#report/plan-files.ts'
import type { PlanRow } from '#report/plan-rows.ts'

/** 400,000 tags have some 20 MB. */
const MAX_BYTES = 64 * 1024 * 1024

/** A plan that was kept, packed as it was then. @throws REPORT_INVALID; REGISTRY_* */
export async function readKeptPlan(
  client: RegistryClient,
  repository: string,
  entry: KeptPlanEntry,
  call: CallOptions,
): Promise<PackedPlan> {
  const plan = await readKept(client, repository, entry, call, readJsonPlan)
  if (plan.content === entry.content && plan.head.digest === entry.plan) return plan
  throw invalidPlan(repository, entry)
}

/** What a plan that was kept says of one repository of its registry. @throws REPORT_INVALID; REGISTRY_* */
export async function readKeptRows(
  client: RegistryClient,
  repository: string,
  entry: KeptPlanEntry,
  of: string,
  call: CallOptions,
): Promise<{ readonly head: PlanHead; readonly rows: readonly PlanRow[] }> {
  const read = await readKept(client, repository, entry, call, (parts) => readRowsOf(parts, of))
  if (read.head.digest === entry.plan && read.head.policy.uid === entry.policy) return read
  throw invalidPlan(repository, entry)
}

async function readKept<T>(
  client: RegistryClient,
  repository: string,
  entry: KeptPlanEntry,
  call: CallOptions,
  read: (parts: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const file = entry.files.find(({ mediaType }) => mediaType === PLAN_JSON_TYPE)
  if (file === undefined || file.size > MAX_BYTES) throw invalidPlan(repository, entry)
  try {
    return await pipeline(client.readBlob(repository, file, call), createGunzip(), read)
  } catch (error) {
    throw error instanceof TallymanError ? error : invalidPlan(repository, entry, error)
  }
}
