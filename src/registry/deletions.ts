import type { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { deleteScope, pushScope } from './auth/scope.ts'
import { ERROR_BODY_BYTES } from './buffered.ts'
import { type DestructiveOptions, type Sent, sendDestructive } from './destructive.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'
import { checkReference, checkRepository } from './names.ts'
import type { Reply } from './reply.ts'
import { isWebPage, statusError } from './status.ts'
import type { Transport } from './transport.ts'

/** What a DELETE did. `unknown`: it was sent and not answered, or with an error of the server: it may be done, half done or neither. */
export type DeleteOutcome = { readonly durationMs: number } & (
  | { readonly kind: 'deleted' | 'absent' }
  | { readonly kind: 'unsupported' | 'denied' | 'unknown'; readonly error: TallymanError }
)

/**
 * Distribution spec, end-9. By digest it takes every tag of the digest along; by tag it is a manifest less or only a name less, by product
 * (docs/deleting.md).
 * @param name full repository name
 * @throws what kept it from being sent
 */
export async function deleteManifest(
  transport: Transport,
  clock: Clock,
  name: string,
  reference: string,
  options: DestructiveOptions,
): Promise<DeleteOutcome> {
  checkRepository(name)
  checkReference(reference)
  const target = `/v2/${name}/manifests/${reference}`
  const call = { method: 'DELETE', target, scope: deleteScope(name), maxBytes: ERROR_BODY_BYTES } as const
  const sent = await sendDestructive(transport, clock, call, { repository: name, reference }, options)
  return { durationMs: sent.durationMs, ...verdict(sent, `manifest ${name} ${reference}`) }
}

type Verdict =
  | { readonly kind: 'deleted' | 'absent' }
  | { readonly kind: 'unsupported' | 'denied' | 'unknown'; readonly error: TallymanError }

function verdict(sent: Sent, what: string): Verdict {
  if ('error' in sent) {
    return { kind: sent.error.kind === 'denied' ? 'denied' : 'unknown', error: sent.error }
  }
  const { reply } = sent
  if (isDone(reply)) return { kind: 'deleted' }
  if (reply.status === 404 || reply.status === 410) return { kind: 'absent' }
  return { kind: kindOf(reply), error: statusError(reply, 'DELETE', what) }
}

const DONE: ReadonlySet<number> = new Set([200, 202, 204])
const DENIED: ReadonlySet<number> = new Set([401, 403, 409, 412, 423])
/** docker-registry 2.8 answers 400 to a DELETE by tag; Artifactory 406 to any. */
const UNSUPPORTED: ReadonlySet<number> = new Set([400, 405, 406, 501])

function isDone(reply: Reply): boolean {
  return DONE.has(reply.status) && !isWebPage(reply)
}

function kindOf({ status }: Reply): 'unsupported' | 'denied' | 'unknown' {
  if (DENIED.has(status)) return 'denied'
  return UNSUPPORTED.has(status) ? 'unsupported' : 'unknown'
}

/**
 * Writes a manifest over a tag that names another one: a destructive request too, because that tag then no longer names what it did (S17).
 * @returns the error of what was sent and not answered, or with an error of the server
 * @throws what kept it from being sent; REGISTRY_* where the registry refuses it
 */
export async function overwriteTag(
  transport: Transport,
  clock: Clock,
  name: string,
  tag: string,
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
  options: DestructiveOptions,
): Promise<{ readonly unanswered?: TallymanError }> {
  checkRepository(name)
  checkReference(tag)
  const call = {
    method: 'PUT',
    target: `/v2/${name}/manifests/${tag}`,
    scope: pushScope(name),
    headers: ['content-type', manifest.mediaType],
    body: manifest.bytes,
    maxBytes: MAX_MANIFEST_BYTES,
  } as const
  const sent = await sendDestructive(transport, clock, call, { repository: name, reference: tag }, options)
  if ('reply' in sent && sent.reply.status === 201) return {}
  const error = 'error' in sent ? sent.error : statusError(sent.reply, 'PUT', `manifest ${name} ${tag}`)
  if (error.kind === 'unreachable') return { unanswered: error }
  throw error
}
