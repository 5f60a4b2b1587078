/**
 * The targets of all `rel="next"` links in the given Link headers (RFC 8288), as written. `rel` may hold several values
 * and come without quotes; commas and semicolons inside `<>` and quotes do not separate.
 */
export function nextLinks(headers: readonly string[]): string[] {
  return headers.flatMap((header) =>
    parseLinks(header)
      .filter(({ rel }) => rel.includes('next'))
      .map(({ target }) => target),
  )
}

interface Link {
  readonly target: string
  readonly rel: readonly string[]
}

function parseLinks(header: string): Link[] {
  const links: Link[] = []
  const pattern = /<([^>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)/g
  for (const [, target = '', parameters = ''] of header.matchAll(pattern)) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters)
    links.push({ target, rel: (rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(/\s+/) })
  }
  return links
}
