import { TallymanError } from '#catalogue/error.ts'
import type { CallOptions, Manifest, RegistryClient } from '#registry/client.ts'
import { EMPTY_CONFIG, EMPTY_DESCRIPTOR } from '#registry/empty-config.ts'
import { KEPT, keptRepository, LATEST, manifestIfAny, putInTurn } from '#report/kept-place.ts'
import {
  artifactManifest,
  CONTENT_ANNOTATION,
  type FileDescriptor,
  type KeptContent,
  keptContent,
  SEQUENCE_ANNOTATION,
} from '#report/oci-artifact.ts'
import type { PackedPlan } from '#report/packed-plan.ts'
import { PLAN_FILES } from '#report/plan-files.ts'

/** What a plan is in a registry (docs/adr/0007): an OCI image manifest with this artifactType, an empty config, and a layer for each file. */
const PLAN_TYPE = 'application/vnd.tallyman.plan.v1'
/** Of the manifest: the digest that a human approves. */
const PLAN_ANNOTATION = 'dev.tallyman.plan.digest'
/** Of the manifest: when the registry was read for it, RFC 3339. */
const READ_AT_ANNOTATION = 'dev.tallyman.plan.read-at'
/** Of the manifest: UID of the RegistryPolicy. */
const POLICY_ANNOTATION = 'dev.tallyman.plan.policy'

/** A plan that is kept, as its manifest says. */
export interface KeptPlanEntry extends KeptContent {
  /** The digest that a human approves. */
  readonly plan: string
  /** When the registry was read for it, ms since the epoch. */
  readonly readAt: number
  /** UID of the RegistryPolicy. */
  readonly policy: string
  readonly files: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[]
}

/** Where the plans of a policy lie in the workspace. */
export function planRepository(prefix: string, namespace: string, name: string): string {
  return keptRepository(prefix, 'plans', namespace, name)
}

/** The tag of the plan with this number, from 1 on. */
export function planTag(sequence: number): string {
  return `plan-${sequence % KEPT}`
}

/** What was kept last; undefined: nothing, or nothing that we could have written. @throws REGISTRY_* */
export function lastKeptPlan(
  client: RegistryClient,
  repository: string,
  call: CallOptions,
): Promise<KeptPlanEntry | undefined> {
  return keptPlanAt(client, repository, LATEST, call)
}

/** What lies under a tag or a digest; undefined: nothing, or nothing that we could have written. @throws REGISTRY_* */
export async function keptPlanAt(
  client: RegistryClient,
  repository: string,
  reference: string,
  call: CallOptions,
): Promise<KeptPlanEntry | undefined> {
  return entryOf(await manifestIfAny(client, repository, reference, call))
}

/** Of the plans that are kept, the last one of this digest and policy; undefined: there is none. @throws REGISTRY_* */
export async function findKeptPlan(
  client: RegistryClient,
  repository: string,
  { plan, policy }: Pick<KeptPlanEntry, 'plan' | 'policy'>,
  call: CallOptions,
): Promise<KeptPlanEntry | undefined> {
  let found: KeptPlanEntry | undefined
  for (let place = 0; place < KEPT; place += 1) {
    const entry = await keptPlanAt(client, repository, planTag(place), call)
    if (entry?.plan !== plan || entry.policy !== policy) continue
    if (found === undefined || entry.sequence > found.sequence) found = entry
  }
  return found
}

/**
 * Keeps a plan after the one that was kept last: its files, one at a time, then its manifest (putInTurn).
 * @throws REGISTRY_*, and what `call.beforeSend` throws
 */
export async function keepPlan(
  client: RegistryClient,
  repository: string,
  plan: PackedPlan,
  sequence: number,
  call: CallOptions,
): Promise<KeptPlanEntry> {
  const { content, head } = plan
  const files: FileDescriptor[] = []
  await client.uploadBlob(repository, EMPTY_DESCRIPTOR, () => EMPTY_CONFIG, call)
  for (const { title, mediaType, write } of PLAN_FILES) {
    const { digest, size, read } = await write(plan)
    await client.uploadBlob(repository, { digest, size }, read, call)
    files.push({ mediaType, digest, size, annotations: { 'org.opencontainers.image.title': title } })
  }
  const manifest = artifactManifest({
    artifactType: PLAN_TYPE,
    files,
    annotations: {
      'org.opencontainers.image.created': head.readAt,
      [CONTENT_ANNOTATION]: content,
      [SEQUENCE_ANNOTATION]: String(sequence),
      [PLAN_ANNOTATION]: head.digest,
      [READ_AT_ANNOTATION]: head.readAt,
      [POLICY_ANNOTATION]: head.policy.uid,
    },
  })
  await putInTurn(client, repository, planTag(sequence), manifest, call)
  return {
    ...{ digest: manifest.digest, content, sequence, files: files.map(fileOf) },
    ...{ plan: head.digest, readAt: Date.parse(head.readAt), policy: head.policy.uid },
  }
}

/** REPORT_INVALID: what lies there is not what we would have written. */
export function invalidPlan(
  repository: string,
  { digest }: Pick<KeptPlanEntry, 'digest'>,
  cause?: unknown,
): TallymanError {
  const message = `${repository}@${digest} is no plan of a RegistryPolicy that this version reads`
  return new TallymanError('REPORT_INVALID', message, cause === undefined ? {} : { cause })
}

function entryOf(manifest: Manifest | undefined): KeptPlanEntry | undefined {
  if (manifest?.kind !== 'image') return undefined
  const kept = keptContent(manifest, PLAN_TYPE)
  const { annotations = {}, layers } = manifest
  const { [PLAN_ANNOTATION]: plan, [POLICY_ANNOTATION]: policy, [READ_AT_ANNOTATION]: readAt } = annotations
  const at = Date.parse(readAt ?? '')
  if (kept === undefined || plan === undefined || policy === undefined || Number.isNaN(at)) return undefined
  return { ...kept, plan, policy, readAt: at, files: layers.map(fileOf) }
}

function fileOf({ mediaType, digest, size }: KeptPlanEntry['files'][number]): KeptPlanEntry['files'][number] {
  return { mediaType, digest, size }
}
