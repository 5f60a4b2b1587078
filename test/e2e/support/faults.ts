import { type FaultProxy, registryError } from '#test/harness/fault-proxy.ts'
import { createAuthority } from '#test/harness/tls.ts'
import type { Place } from './objects.ts'

/** Where a fault is played: a Registry, its Secret and CA, and a proxy in front of the real registry. */
export interface FaultSite {
  readonly place: Place
  readonly front: FaultProxy
  /** The real registry, and one without TLS. */
  readonly tlsUrl: string
  readonly plainUrl: string
  readonly rightCa: string
  /** The spec of a Registry that works once Secret and CA are right. */
  readonly spec: object
  secret(password: string): Promise<void>
  /** A Secret without user name and password. */
  brokenSecret(): Promise<void>
  ca(pem: string): Promise<void>
  /** Changes the spec of the Registry. */
  change(spec: object): Promise<void>
}

interface Fault {
  readonly name: string
  /** The reason of the condition. */
  readonly reason: string
  /** What its message has to say: what is wrong, and the remedy. */
  readonly says: RegExp
  /** spec.timeout of the Registry, where the fault is slowness. Elsewhere it is so long that a stall of ours is none. */
  readonly timeout?: string
  mend(site: FaultSite): Promise<void> | void
}

interface EarlyFault extends Fault {
  /** Sets the fault up. @returns what the spec has to say otherwise, if anything */
  arrange(site: FaultSite): Promise<object> | object
}

interface LateFault extends Fault {
  strike(site: FaultSite): Promise<void> | void
}

export const WRONG_PASSWORD = 's3cret-and-wrong'
const UNAUTHORIZED = /Set or correct the Secret that spec\.credentials names/
const UNTRUSTED =
  /signed by an unknown authority.*Put the issuing CA into a Secret or ConfigMap and name it in spec\.caRef/
const REFUSED = /connection refused\. Check spec\.url, DNS/
const SERVER_ERROR = /500.*Look into the log of the registry/
const TOO_SLOW = /Check the load of the registry/
const NO_REGISTRY = /(not like a registry|404 to everything).*Check host, port and path of spec\.url/

const right = async (site: FaultSite) => {
  await site.secret('right')
  await site.ca(site.rightCa)
  return {}
}
const foreignCa = async () => (await createAuthority('Somebody else')).caPem
const strikeWith =
  (fault: Parameters<FaultProxy['rule']>[0]) =>
  ({ front }: FaultSite) =>
    void front.rule(fault)
const clear = ({ front }: FaultSite) => front.clear()

const FAILING = registryError(500, 'UNKNOWN', 'the disk is full')
const SLOW = { kind: 'delay', at: 'headers', ms: 60_000 } as const

export const BEFORE_IT_IS_REACHED: readonly EarlyFault[] = [
  {
    name: 'no-secret',
    reason: 'SecretNotFound',
    says: /Secret "no-secret-pull" does not exist in namespace ".*"\. Create it in the same namespace\./,
    arrange: async (site) => {
      await site.ca(site.rightCa)
      return {}
    },
    mend: (site) => site.secret('right'),
  },
  {
    name: 'no-ca-key',
    reason: 'SecretNotFound',
    says: /spec\.caRef: ConfigMap .* has no key other\.crt\./,
    arrange: async (site) => ({
      ...(await right(site)),
      caRef: { kind: 'ConfigMap', name: 'no-ca-key-ca', key: 'other.crt' },
    }),
    mend: (site) => site.change({ caRef: { key: 'ca.crt' } }),
  },
  {
    name: 'broken-secret',
    reason: 'SecretInvalid',
    says: /spec\.credentials\.pull\.secretRef: Secret .*broken-secret-pull: .*kubernetes\.io\/basic-auth/,
    arrange: async (site) => {
      await site.ca(site.rightCa)
      await site.brokenSecret()
      return {}
    },
    mend: ({ change }) => change({ credentials: { pull: { secretRef: { name: 'pull' } } } }),
  },
  {
    name: 'broken-ca',
    reason: 'SecretInvalid',
    says: /spec\.caRef: ConfigMap .*: key ca\.crt holds no PEM certificate\./,
    arrange: async (site) => {
      await site.secret('right')
      await site.ca('no certificate')
      return {}
    },
    mend: (site) => site.ca(site.rightCa),
  },
  {
    name: 'wrong-password',
    reason: 'Unauthorized',
    says: UNAUTHORIZED,
    arrange: async (site) => {
      await site.ca(site.rightCa)
      await site.secret(WRONG_PASSWORD)
      return {}
    },
    mend: (site) => site.secret('right'),
  },
  {
    name: 'wrong-ca',
    reason: 'TLSUntrusted',
    says: UNTRUSTED,
    arrange: async (site) => {
      await site.secret('right')
      await site.ca(await foreignCa())
      return {}
    },
    mend: (site) => site.ca(site.rightCa),
  },
  {
    name: 'refused',
    reason: 'Unreachable',
    says: REFUSED,
    arrange: (site) => {
      site.front.stopListening()
      return right(site)
    },
    mend: ({ front }) => front.resumeListening(),
  },
  {
    name: 'http-on-tls',
    reason: 'NotARegistry',
    says: /answers 400 to GET \/v2\/, .* says that it wants https\. Check host, port and path of spec\.url/,
    arrange: async (site) => ({ ...(await right(site)), url: site.tlsUrl.replace('https:', 'http:') }),
    mend: ({ front, change }) => change({ url: front.url }),
  },
  {
    name: 'tls-on-http',
    reason: 'NotTLS',
    says: /the port answers, but not with TLS\. Write http:\/\/ in spec\.url/,
    arrange: async (site) => ({ ...(await right(site)), url: site.plainUrl.replace('http:', 'https:') }),
    mend: ({ front, change }) => change({ url: front.url }),
  },
  {
    name: 'web-server',
    reason: 'NotARegistry',
    says: NO_REGISTRY,
    arrange: (site) => {
      const page = { 'content-type': 'text/html' }
      site.front.rule({ kind: 'status', status: 200, headers: page, body: '<h1>It works!</h1>' })
      return right(site)
    },
    mend: clear,
  },
  {
    name: 'failing',
    reason: 'ServerError',
    says: SERVER_ERROR,
    arrange: (site) => {
      site.front.rule(FAILING)
      return right(site)
    },
    mend: clear,
  },
  {
    name: 'slow',
    reason: 'Timeout',
    says: TOO_SLOW,
    timeout: '5s',
    arrange: (site) => {
      site.front.rule(SLOW)
      return right(site)
    },
    mend: clear,
  },
]

export const AFTER_IT_WAS_REACHED: readonly LateFault[] = [
  {
    name: 'password-changed',
    reason: 'Unauthorized',
    says: UNAUTHORIZED,
    strike: strikeWith(registryError(401, 'UNAUTHORIZED', 'authentication required')),
    mend: clear,
  },
  {
    name: 'now-refused',
    reason: 'Unreachable',
    says: REFUSED,
    strike: async ({ front }) => {
      front.stopListening()
      await front.cutConnections()
    },
    mend: ({ front }) => front.resumeListening(),
  },
  {
    name: 'now-failing',
    reason: 'ServerError',
    says: SERVER_ERROR,
    strike: strikeWith(FAILING),
    mend: clear,
  },
  {
    name: 'now-slow',
    reason: 'Timeout',
    says: TOO_SLOW,
    timeout: '5s',
    strike: strikeWith(SLOW),
    mend: clear,
  },
  {
    name: 'now-a-web-server',
    reason: 'NotARegistry',
    says: NO_REGISTRY,
    strike: strikeWith({
      kind: 'status',
      status: 404,
      headers: { 'content-type': 'text/html' },
      body: '<h1>?</h1>',
    }),
    mend: clear,
  },
]
