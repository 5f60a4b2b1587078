import { z } from 'zod'
import { TallymanError } from '#catalogue/error.ts'
import type { Credential } from '#registry/target.ts'

const Text = z.string().nullish()
const Entry = z.object({ auth: Text, username: Text, password: Text, email: Text }).nullable()
const Config = z.object({ auths: z.record(z.string(), Entry).nullish() }).nullable()

const MAX_KEY = 100

/**
 * Every user and password of a docker config, by its key as it is written, as a kubelet reads it: `auth` counts before `username` and
 * `password`, and tokens do not count. It takes a config whole or not at all: one entry that it cannot read, of whichever host, and no pull
 * of the pod goes on (Kubernetes 1.37, pkg/credentialprovider/config.go and secrets/secrets.go).
 * @throws SECRET_INVALID where a kubelet cannot read it; the message says what of it, and nothing of its content
 */
export function kubeletPasswords(text: string): ReadonlyMap<string, Credential> {
  const config = Config.safeParse(parsed(text))
  if (!config.success) {
    const at = (config.error.issues[0]?.path ?? []).map((part) => String(part).slice(0, MAX_KEY)).join(' ')
    throw unreadable(`it is not of the form {"auths": {"host": {…}}}${at === '' ? '' : ` (at ${at})`}`)
  }
  const found = new Map<string, Credential>()
  for (const [key, entry] of Object.entries(config.data?.auths ?? {})) {
    const [username, password] = entry?.auth
      ? userAndPassword(entry.auth, key)
      : [entry?.username ?? '', entry?.password ?? '']
    if (username !== '') found.set(key, { kind: 'basic', username, password })
  }
  return found
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes the text, and the text is a secret.
    throw unreadable('it is not JSON')
  }
}

/** Go's base64.StdEncoding where it ends in `=`, RawStdEncoding otherwise: both skip line ends and nothing else. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

function userAndPassword(auth: string, key: string): [username: string, password: string] {
  const encoded = auth.replace(/[\r\n]/g, '')
  const decoded = BASE64.test(encoded) ? Buffer.from(encoded, 'base64').toString('utf8') : ''
  const colon = decoded.indexOf(':')
  if (colon < 0)
    throw unreadable(`auth of the entry ${key.slice(0, MAX_KEY)} is not the base64 of user:password`)
  return [decoded.slice(0, colon), decoded.slice(colon + 1)]
}

function unreadable(why: string): TallymanError {
  return new TallymanError('SECRET_INVALID', why)
}
