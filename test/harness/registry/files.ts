import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { RegistryConfig } from '#test/harness/registry/config.ts'
import { htpasswdLine } from '#test/harness/registry/htpasswd.ts'
import type { RegistryAuth, RegistryOptions } from '#test/harness/registry/options.ts'
import type { TokenServer } from '#test/harness/registry/token-server.ts'
import { testAuthority } from '#test/harness/tls.ts'

/** All of the configuration but where it listens and stores. */
type ConfigFiles = Omit<RegistryConfig, 'storageDir' | 'address'>

/** Writes certificates and passwords into `dir` and names them as the configuration does. */
export async function writeRegistryFiles(
  dir: string,
  options: RegistryOptions,
  host: string,
  tokenServer: TokenServer | undefined,
): Promise<ConfigFiles> {
  const write = async (name: string, text: string) => {
    const file = path.join(dir, name)
    await writeFile(file, text, { mode: 0o600 })
    return file
  }
  const { auth } = options
  const pair = options.tls ? await (await testAuthority()).issue([host, 'localhost']) : undefined
  return {
    delete: options.delete ?? true,
    readOnly: options.readOnly ?? false,
    cache: options.cache ?? false,
    ...(pair === undefined
      ? {}
      : {
          tls: {
            certFile: await write('server.crt', pair.certPem),
            keyFile: await write('server.key', pair.keyPem),
          },
        }),
    ...(auth?.kind === 'basic' ? { htpasswdFile: await write('htpasswd', await htpasswd(auth)) } : {}),
    ...(auth?.kind === 'token' && tokenServer !== undefined
      ? {
          token: {
            realm: auth.realm ?? tokenServer.realm,
            service: tokenServer.service,
            issuer: tokenServer.issuer,
            certFile: await write('token.crt', tokenServer.signingCertPem),
          },
        }
      : {}),
  }
}

async function htpasswd({
  username,
  password,
  others = [],
}: Extract<RegistryAuth, { kind: 'basic' }>): Promise<string> {
  const lines = await Promise.all([username, ...others].map((name) => htpasswdLine(name, password)))
  return lines.join('')
}
