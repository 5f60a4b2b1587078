import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const OPENSSL_TIMEOUT_MS = 10_000
const P256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certPem: string
  readonly keyPem: string
}

/** A private certificate authority that issues server certificates. */
export interface CertificateAuthority {
  readonly caPem: string
  /** A certificate for these IP addresses and DNS names, valid for a day. The same hosts get the same one. */
  issue(hosts: readonly string[]): Promise<KeyPair>
}

let shared: Promise<CertificateAuthority> | undefined

/** The authority of this process, made when first asked for. No other process trusts or knows it. */
export function testAuthority(): Promise<CertificateAuthority> {
  shared ??= createAuthority('Tallyman test CA')
  return shared
}

/** An authority of its own, for servers that the client shall not trust. */
export async function createAuthority(commonName: string): Promise<CertificateAuthority> {
  const ca = await selfSigned(commonName)
  const issued = new Map<string, Promise<KeyPair>>()
  return {
    caPem: ca.certPem,
    issue: (hosts) => {
      const key = hosts.join(',')
      const pair = issued.get(key) ?? issue(ca, hosts)
      issued.set(key, pair)
      return pair
    },
  }
}

/** A certificate that is its own authority: a CA, or the key that token signatures are checked against. */
export function selfSigned(commonName: string): Promise<KeyPair> {
  return inScratch(async (dir) => {
    await openssl(dir, ['req', '-x509', ...P256, '-days', '1', '-subj', `/CN=${commonName}`], 'out')
    return readPair(dir, 'out')
  })
}

function issue(ca: KeyPair, hosts: readonly string[]): Promise<KeyPair> {
  return inScratch(async (dir) => {
    await writeFile(join(dir, 'ca.crt'), ca.certPem)
    await writeFile(join(dir, 'ca.key'), ca.keyPem)
    const names = hosts.map((host) => (/^[0-9.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`))
    const extensions = [
      `subjectAltName=${names.join(',')}`,
      'basicConstraints=critical,CA:FALSE',
      'extendedKeyUsage=serverAuth',
    ]
    await openssl(
      dir,
      [
        ...['req', '-x509', '-CA', 'ca.crt', '-CAkey', 'ca.key', ...P256, '-days', '1'],
        ...['-subj', '/CN=Tallyman test server', ...extensions.flatMap((line) => ['-addext', line])],
      ],
      'out',
    )
    return readPair(dir, 'out')
  })
}

async function openssl(dir: string, args: readonly string[], name: string): Promise<void> {
  await run('openssl', [...args, '-keyout', `${name}.key`, '-out', `${name}.crt`], {
    cwd: dir,
    timeout: OPENSSL_TIMEOUT_MS,
  })
}

async function readPair(dir: string, name: string): Promise<KeyPair> {
  return {
    certPem: await readFile(join(dir, `${name}.crt`), 'utf8'),
    keyPem: await readFile(join(dir, `${name}.key`), 'utf8'),
  }
}

async function inScratch<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'tallyman-tls-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
