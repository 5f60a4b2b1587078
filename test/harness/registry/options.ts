import type { TokenServerOptions } from '#test/harness/registry/token-server.ts'

/** Debian's docker-registry 2.8, or distribution 3 as test/binaries/distribution pins it. */
export type RegistryVersion = '2.8' | '3'

export type RegistryAuth =
  | {
      readonly kind: 'basic'
      readonly username: string
      readonly password: string
      /** More accounts with the same password: the registry lets each do everything. */
      readonly others?: readonly string[]
    }
  /** `realm` replaces the token server's own address in challenges: a path or a host where none is. */
  | ({ readonly kind: 'token'; readonly realm?: string } & Omit<TokenServerOptions, 'tls' | 'host'>)

export interface RegistryOptions {
  readonly version: RegistryVersion
  /** HTTPS with a certificate of `testAuthority()`; so is its token server. By default plain HTTP. */
  readonly tls?: boolean
  readonly auth?: RegistryAuth
  /** Whether manifests and blobs can be deleted; by default true. */
  readonly delete?: boolean
  readonly readOnly?: boolean
  /** The in-memory blob descriptor cache; by default false, so that damage on disk shows at once. */
  readonly cache?: boolean
  /** An existing folder, which stays when the registry stops. By default a new one that goes with it. */
  readonly storageDir?: string
  /** The loopback address to listen on; by default 127.0.0.1. */
  readonly host?: string
  /** Ends the start: what runs already is stopped, and the signal's reason thrown. */
  readonly signal?: AbortSignal | undefined
}
