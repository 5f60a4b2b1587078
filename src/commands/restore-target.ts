/** What of a registry is to be brought back, as it is written on the command line. */
export interface RestoreTarget {
  /** `[https://]host[:port][/repository]`. */
  readonly place: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** Takes `:TAG` and `@DIGEST` off the end of a place. Whether the rest is one is asked of parseRegistryPlace. */
export function parseRestoreTarget(text: string): RestoreTarget {
  const { scheme = '', rest = '' } =
    /^(?<scheme>[a-z][a-z0-9+.-]*:\/\/)?(?<rest>.*)$/is.exec(text)?.groups ?? {}
  const last = rest.lastIndexOf('/')
  // The colon of a host stands before a port.
  if (last < 0) return { place: text, tag: undefined, digest: undefined }
  const [, name = '', tag, digest] = /^([^:@]*)(?::([^:@]*))?(?:@(.*))?$/s.exec(rest.slice(last + 1)) ?? []
  return { place: `${scheme}${rest.slice(0, last + 1)}${name}`, tag, digest }
}
