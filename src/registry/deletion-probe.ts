import { randomBytes } from 'node:crypto'
import type { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { deleteScope } from './auth/scope.ts'
import { ERROR_BODY_BYTES } from './buffered.ts'
import { type DestructiveOptions, type Sent, sendDestructive } from './destructive.ts'
import { header } from './headers.ts'
import { checkRepository } from './names.ts'
import { apiErrors, statusError } from './status.ts'
import type { Transport } from './transport.ts'

/**
 * `unsupported`: the product has no such request. `disabled`: it is switched off, or the registry is read-only. `unknown`: no answer, or one that
 * tells nothing.
 */
export type DeletionSupport = 'supported' | 'unsupported' | 'disabled' | 'denied' | 'unknown'

/** What a registry lets these credentials delete in one repository. */
export interface DeletionCapabilities {
  readonly tagDelete: DeletionSupport
  readonly digestDelete: DeletionSupport
  /** Nothing can be written either: distribution's maintenance mode. */
  readonly readOnly: boolean
  /** Why, where one of them is not `supported`. */
  readonly error?: TallymanError | undefined
}

/**
 * Asks a registry to delete a tag and a digest that nobody can have: a 404 says that it would. Both are needed: distribution 3.0 and 3.1.0
 * without `delete.enabled` still delete tags (research/registry-protocol.md §2.1). The answer holds for one repository and one account; keep it for
 * minutes, not for good.
 * @param name full name of a repository that exists
 * @throws what kept a request from being sent
 */
export async function probeDeletion(
  transport: Transport,
  clock: Clock,
  name: string,
  options: DestructiveOptions,
): Promise<DeletionCapabilities> {
  checkRepository(name)
  const ask = (reference: string) => {
    const target = `/v2/${name}/manifests/${reference}`
    const call = { method: 'DELETE', target, scope: deleteScope(name), maxBytes: ERROR_BODY_BYTES } as const
    return sendDestructive(transport, clock, call, { repository: name, reference }, options)
  }
  const tag = await ask(`tallyman-probe-${randomBytes(16).toString('hex')}`)
  const digest = await ask(`sha256:${randomBytes(32).toString('hex')}`)
  const readOnly = isReadOnly(tag) && isReadOnly(digest)
  return {
    tagDelete: supportOf(tag),
    digestDelete: supportOf(digest),
    readOnly,
    error: [tag, digest].map((sent) => errorOf(sent, name)).find((error) => error !== undefined),
  }
}

function supportOf(sent: Sent): DeletionSupport {
  if ('error' in sent) return sent.error.kind === 'denied' ? 'denied' : 'unknown'
  switch (sent.reply.status) {
    case 404:
      return 'supported'
    case 400:
    case 406:
    case 501:
      return 'unsupported'
    case 405:
      return 'disabled'
    case 401:
    case 403:
      return 'denied'
    default:
      return 'unknown'
  }
}

/** distribution's maintenance mode answers in plain text, and names the methods that are left. */
function isReadOnly(sent: Sent): boolean {
  if ('error' in sent || sent.reply.status !== 405 || apiErrors(sent.reply).length > 0) return false
  const allow = header(sent.reply.headers, 'allow')
  return allow !== undefined && !/DELETE|PUT/i.test(allow)
}

function errorOf(sent: Sent, name: string): TallymanError | undefined {
  if ('error' in sent) return sent.error
  return sent.reply.status === 404 ? undefined : statusError(sent.reply, 'DELETE', `manifest of ${name}`)
}
