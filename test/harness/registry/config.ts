import { stringify } from 'yaml'

/** Everything that decides how a registry behaves. Files are paths; the caller has written them. */
export interface RegistryConfig {
  readonly storageDir: string
  /** `host:port` */
  readonly address: string
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
  readonly htpasswdFile?: string
  readonly token?: {
    readonly realm: string
    readonly service: string
    readonly issuer: string
    readonly certFile: string
  }
  readonly delete: boolean
  readonly readOnly: boolean
  /** The in-memory blob descriptor cache, on in the configurations that both registries ship with. */
  readonly cache: boolean
}

/** The text of config.yml, in the one form that distribution 2.8 and 3 both read. */
export function renderRegistryConfig(config: RegistryConfig): string {
  return stringify({
    version: '0.1',
    // A line for each request costs as much as answering it: benchmarks would measure the log.
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: config.storageDir },
      delete: { enabled: config.delete },
      ...(config.cache ? { cache: { blobdescriptor: 'inmemory' } } : {}),
      maintenance: { uploadpurging: { enabled: false }, readonly: { enabled: config.readOnly } },
    },
    http: {
      addr: config.address,
      ...(config.tls === undefined
        ? {}
        : { tls: { certificate: config.tls.certFile, key: config.tls.keyFile } }),
    },
    ...authOf(config),
  })
}

function authOf({ htpasswdFile, token }: RegistryConfig): object {
  if (htpasswdFile !== undefined) return { auth: { htpasswd: { realm: 'test', path: htpasswdFile } } }
  if (token === undefined) return {}
  const { realm, service, issuer, certFile } = token
  return { auth: { token: { realm, service, issuer, rootcertbundle: certFile } } }
}
