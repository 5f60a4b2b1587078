/** Whether a client takes gzip, by its `Accept-Encoding` (RFC 9110 §12.5.3): only where it says so. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const codings = new Map(
    (acceptEncoding ?? '').split(',').map((part) => {
      const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
      const weight = parameters.find((text) => text.startsWith('q='))
      return [coding, weight === undefined ? 1 : Number(weight.slice(2))]
    }),
  )
  const weight = codings.get('gzip') ?? codings.get('*') ?? 0
  return weight > 0
}
