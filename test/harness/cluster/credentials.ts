import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** What the API server is started with so that somebody may talk to it. */
export interface Credentials {
  /** Token of a member of system:masters. */
  readonly adminToken: string
  /** File for `--token-auth-file`. */
  readonly tokenFile: string
  /** PEM files of the key pair that signs ServiceAccount tokens. */
  readonly signingKeyFile: string
  readonly verifyingKeyFile: string
}

/** Makes fresh credentials below `stateDir`. */
export async function createCredentials(stateDir: string): Promise<Credentials> {
  const directory = path.join(stateDir, 'credentials')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const adminToken = randomBytes(24).toString('hex')
  const credentials = {
    adminToken,
    tokenFile: path.join(directory, 'tokens.csv'),
    signingKeyFile: path.join(directory, 'service-account.key'),
    verifyingKeyFile: path.join(directory, 'service-account.pub'),
  }
  await Promise.all([
    writeFile(credentials.tokenFile, `${adminToken},admin,admin,system:masters\n`, { mode: 0o600 }),
    writeFile(credentials.signingKeyFile, privateKey, { mode: 0o600 }),
    writeFile(credentials.verifyingKeyFile, publicKey),
  ])
  return credentials
}
