/** HTTPS_PROXY and its companions, as the process was started with. */
export interface ProxyEnvironment {
  readonly httpsProxy?: string | undefined
  readonly httpProxy?: string | undefined
  readonly noProxy?: readonly string[] | undefined
}

/** Lower-case names win, as with curl. */
export function proxyEnvironment(env: Readonly<Record<string, string | undefined>>): ProxyEnvironment {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined
  return {
    httpsProxy: read('HTTPS_PROXY'),
    httpProxy: read('HTTP_PROXY'),
    noProxy: read('NO_PROXY')
      ?.split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  }
}
