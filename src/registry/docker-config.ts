import { z } from 'zod'
import { TallymanError } from '#catalogue/error.ts'
import type { Credential } from '#registry/target.ts'

const Entry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
})
type Entry = z.infer<typeof Entry>
const DockerConfig = z.object({ auths: z.record(z.string(), Entry) })

/** As docker and podman keep it for a user: other programs may hold the credentials. */
const UserConfig = z.object({
  auths: z.record(z.string(), Entry).default({}),
  credHelpers: z.record(z.string(), z.string()).default({}),
  credsStore: z.string().default(''),
})

/** What a user's docker config says of a host. */
export interface UserLogin {
  /** Name of the helper that holds the credential, without `docker-credential-`; it may not know the host either. */
  readonly helper: string | undefined
  /** What the config itself holds; second to what the helper gives. */
  readonly credential: Credential | undefined
}

/**
 * The credential that a docker config (`.dockerconfigjson`, `config.json`) holds for a registry host.
 * Keys may carry a scheme and the paths `/v1/` and `/v2/` that docker writes; one with the path of a repository counts
 * where none names the whole host.
 * @param host with port, as in the URL of the registry
 * @throws TallymanError SECRET_INVALID where the text is no docker config, or has nothing usable for the host
 */
export function credentialFromDockerConfig(text: string, host: string): Credential {
  const { auths } = parseConfig(text, DockerConfig)
  const wanted = normalizedHost(host)
  const entry = entryFor(auths, wanted)
  if (entry === undefined) {
    const held = Object.keys(auths).map(normalizedHost).join(', ') || 'no host'
    throw new TallymanError(
      'SECRET_INVALID',
      `the docker config holds credentials for ${held}, not for ${wanted}`,
    )
  }
  return credentialOf(entry, wanted)
}

/**
 * What the docker config of a user (`~/.docker/config.json`, podman's `auth.json`) holds for a registry host: nothing is no error, a login is
 * not needed everywhere.
 * @param host with port, as in the URL of the registry
 * @throws TallymanError SECRET_INVALID where the text is no docker config, or its entry for the host is unusable
 */
export function userLogin(text: string, host: string): UserLogin {
  const { auths, credHelpers, credsStore } = parseConfig(text, UserConfig)
  const wanted = normalizedHost(host)
  const entry = entryFor(auths, wanted)
  // With a helper, `docker login` leaves an empty entry behind.
  const isEmpty = entry === undefined || Object.values(entry).every((value) => value === '')
  return {
    helper: (entryFor(credHelpers, wanted) ?? credsStore) || undefined,
    credential: isEmpty ? undefined : credentialOf(entry, wanted),
  }
}

/** The name under which `docker login` gives the credential of a host to a helper. */
export function helperKey(host: string): string {
  const wanted = normalizedHost(host)
  return wanted === 'docker.io' ? 'https://index.docker.io/v1/' : wanted
}

/** The credential of a kubernetes.io/basic-auth Secret. @throws TallymanError SECRET_INVALID */
export function credentialFromBasicAuth(
  username: string | undefined,
  password: string | undefined,
): Credential {
  if (!username || password === undefined) {
    throw new TallymanError('SECRET_INVALID', 'a basic-auth Secret needs the keys username and password')
  }
  return { kind: 'basic', username, password }
}

/** Of several entries for the host the one for all of it. */
function entryFor<T>(entries: Readonly<Record<string, T>>, wanted: string): T | undefined {
  const ofHost = Object.entries(entries).filter(([key]) => normalizedHost(key) === wanted)
  const [, entry] = ofHost.find(([key]) => namesWholeHost(key)) ?? ofHost[0] ?? []
  return entry
}

function parseConfig<T>(text: string, schema: z.ZodType<T>): T {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes the text, and the text is a secret.
    throw new TallymanError('SECRET_INVALID', 'the docker config is not JSON')
  }
  const config = schema.safeParse(json)
  if (!config.success) {
    const field = config.error.issues[0]?.path.map(String).slice(0, 1).join('.') ?? ''
    throw new TallymanError(
      'SECRET_INVALID',
      `the docker config is not of the form {"auths": {"host": {…}}} (at ${field || 'its top'})`,
    )
  }
  return config.data
}

function credentialOf(entry: Entry, host: string): Credential {
  if (entry.registrytoken) return { kind: 'registryToken', token: entry.registrytoken }
  const [username, password] = userAndPassword(entry)
  if (entry.identitytoken) {
    return { kind: 'identityToken', token: entry.identitytoken, ...(username ? { username } : {}) }
  }
  if (!username || password === undefined) {
    throw new TallymanError(
      'SECRET_INVALID',
      `the docker config has an entry for ${host}, but no auth, username or token in it`,
    )
  }
  return { kind: 'basic', username, password }
}

function userAndPassword(entry: Entry): [string | undefined, string | undefined] {
  if (entry.username) return [entry.username, entry.password ?? '']
  if (entry.auth === undefined) return [undefined, undefined]
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  return colon < 0
    ? [undefined, undefined]
    : [decoded.slice(0, colon), decoded.slice(colon + 1).replace(/\0+$/, '')]
}

const DOCKER_HUB = new Set(['index.docker.io', 'registry-1.docker.io', 'docker.io'])

function namesWholeHost(key: string): boolean {
  return /^(?:https?:\/\/)?[^/]*(?:\/(?:v[12]\/?)?)?$/i.test(key)
}

function normalizedHost(key: string): string {
  const host = key
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/, '')
    .toLowerCase()
  return DOCKER_HUB.has(host) ? 'docker.io' : host.replace(/:443$/, '')
}
