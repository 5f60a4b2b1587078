import { hasCode } from '#catalogue/error.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { withTimeLimit } from '#controllers/time-limit.ts'
import { LATEST } from '#report/kept-place.ts'
import type { Clock } from '#time/clock.ts'

/** A workspace that is slow holds up no run for longer. */
const LIMIT_MS = 2 * 60_000

/** Does what has to be done in a workspace, in bounded time. @throws TIMED_OUT, and what `work` throws */
export function visitWorkspace<T>(
  clock: Clock,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const message = `the workspace took longer than ${LIMIT_MS / 60_000} minutes`
  return withTimeLimit({ clock, signal, ms: LIMIT_MS, message }, work)
}

/**
 * Whether anybody may read what lies there as `latest` (S19). A registry that does not say no to who has no name is taken for one that says yes.
 * @throws REGISTRY_*
 */
export async function anybodyReads(
  access: RegistryAccess,
  registry: RegistryObject,
  repository: string,
  signal: AbortSignal,
): Promise<boolean> {
  const anonymous = await access.openAs(undefined, registry, signal)
  try {
    await anonymous.getManifest(repository, LATEST, { signal, lane: 'bulk' })
    return true
  } catch (error) {
    if (hasCode(error, 'REGISTRY_UNAUTHORIZED', 'REGISTRY_FORBIDDEN')) return false
    if (hasCode(error, 'REGISTRY_ABSENT')) return true
    throw error
  }
}

/** As image references name it. @param url of the registry */
export function referenceOf(url: string, repository: string, digest: string): string {
  return `${url.replace(/^https?:\/\//, '')}/${repository}@${digest}`
}
