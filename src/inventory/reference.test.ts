import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatReference, type ImageReference, isDigest, parseReference } from '#inventory/reference.ts'

const SHA = `sha256:${'0123456789abcdef'.repeat(4)}`
const SHA512 = `sha512:${'0123456789abcdef'.repeat(8)}`

describe('parseReference', () => {
  it.each<[string, string]>([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['grafana/grafana', 'docker.io/grafana/grafana:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['localhost:5000', 'docker.io/library/localhost:5000'],
    ['Registry/app', 'REGISTRY/app:latest'],
    ['REGISTRY.example.com/app', 'registry.example.com/app:latest'],
    ['registry.example.com:443/a/b/c:v1', 'registry.example.com:443/a/b/c:v1'],
    ['[fd00::1]:5000/app:1', '[fd00::1]:5000/app:1'],
    ['127.0.0.1:5000/a__b/c-d--e.f:T_a.g-1', '127.0.0.1:5000/a__b/c-d--e.f:T_a.g-1'],
    [`ghcr.io/o/i@${SHA}`, `ghcr.io/o/i@${SHA}`],
    [`ghcr.io/o/i:v1@${SHA}`, `ghcr.io/o/i:v1@${SHA}`],
    [`ghcr.io/o/i@${SHA512}`, `ghcr.io/o/i@${SHA512}`],
    [`docker-pullable://ghcr.io/o/i@${SHA}`, `ghcr.io/o/i@${SHA}`],
    ['docker://ghcr.io/o/i:1', 'ghcr.io/o/i:1'],
  ])('reads %s as %s', (text, canonical) => {
    const reference = parseReference(text)
    expect(reference && formatReference(reference)).toBe(canonical)
  })

  it.each([
    ['nothing', ''],
    ['a path in capitals', 'registry.example.com/App'],
    ['a name in capitals', 'Nginx'],
    ['an empty tag', 'nginx:'],
    ['a tag of 129 characters', `nginx:${'t'.repeat(129)}`],
    ['an empty digest', 'nginx@'],
    ['a digest that is too short', 'nginx@sha256:abc'],
    ['a digest in capitals', `nginx@${SHA.toUpperCase().replace('SHA', 'sha')}`],
    ['two digests', `nginx@${SHA}@${SHA}`],
    ['a scheme', 'https://registry.example.com/app'],
    ['an empty segment', 'registry.example.com//app'],
    ['a slash at the end', 'registry.example.com/app/'],
    ['a separator at the border of a segment', 'registry.example.com/-app'],
    ['white space', 'nginx '],
    ['a line break', 'nginx\n'],
    ['a bare image id', '0123456789abcdef'.repeat(4)],
    ['a host alone', '[fd00::1]'],
    ['a path of more than 255 characters', `registry.example.com/${'a'.repeat(256)}`],
    ['a megabyte', 'a/'.repeat(500_000)],
  ])('refuses %s', (_what, text) => {
    expect(parseReference(text)).toBeUndefined()
  })

  const word = fc.stringMatching(/^[a-z0-9]{1,12}$/)
  const separator = fc.constantFrom('.', '_', '__', '-', '--')
  const segment = fc
    .tuple(word, fc.array(fc.tuple(separator, word), { maxLength: 2 }))
    .map(([first, more]) => first + more.map((pair) => pair.join('')).join(''))
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
  const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined })
  const host = fc
    .tuple(fc.array(label, { minLength: 2, maxLength: 4 }), port)
    .map(([labels, number]) => labels.join('.') + (number === undefined ? '' : `:${number}`))
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
  const tag = fc.stringMatching(/^\w[\w.-]{0,127}$/)
  const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`)
  const reference: fc.Arbitrary<ImageReference> = fc.oneof(
    fc.record({ host, repository: path, tag }),
    fc.record({ host, repository: path, digest }),
    fc.record({ host, repository: path, tag, digest }),
  )

  it('reads back every legal reference as it was written', () => {
    fc.assert(
      fc.property(reference, (r) => {
        expect(parseReference(formatReference(r))).toEqual(r)
      }),
    )
  })

  const group = fc.stringMatching(/^[0-9a-fA-F]{1,4}$/)
  const ipv6 = fc
    .tuple(fc.array(group, { minLength: 1, maxLength: 4 }), fc.array(group, { maxLength: 3 }), port)
    .map(([left, right, number]) => {
      const address = `[${left.join(':')}::${right.join(':')}]`
      return number === undefined ? address : `${address}:${number}`
    })

  it('reads hosts in any case, IPv6 addresses too, and writes them in lower case', () => {
    const anyCase = fc
      .tuple(fc.oneof(host, ipv6), fc.infiniteStream(fc.boolean()))
      .map(([text, upper]) =>
        text.replace(/[a-z]/g, (letter) => (upper.next().value ? letter.toUpperCase() : letter)),
      )
    fc.assert(
      fc.property(anyCase, path, tag, digest, (written, repository, name, sum) => {
        const read = parseReference(`${written}/${repository}:${name}@${sum}`)
        expect(read).toEqual({ host: written.toLowerCase(), repository, tag: name, digest: sum })
      }),
    )
  })

  it('takes for a host on Docker Hub what names none, and for official what has one segment there', () => {
    const named = fc.constantFrom('', 'docker.io/', 'index.docker.io/', 'registry-1.docker.io/', 'DOCKER.io/')
    const segments = fc.array(
      segment.filter((each) => !each.includes('.') && each !== 'localhost'),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(named, segments, fc.option(tag, { nil: undefined }), (hub, parts, name) => {
        const repository = parts.length === 1 ? `library/${parts[0]}` : parts.join('/')
        const read = parseReference(hub + parts.join('/') + (name === undefined ? '' : `:${name}`))
        expect(read).toEqual({ host: 'docker.io', repository, tag: name ?? 'latest' })
      }),
    )
  })

  it('takes latest for the tag only where neither tag nor digest is written', () => {
    fc.assert(
      fc.property(host, path, digest, fc.option(tag, { nil: undefined }), (at, repository, sum, name) => {
        const named = name === undefined ? repository : `${repository}:${name}`
        const optional = name === undefined ? {} : { tag: name }
        expect(parseReference(`${at}/${named}@${sum}`)).toEqual({
          host: at,
          repository,
          ...optional,
          digest: sum,
        })
        expect(parseReference(`${at}/${named}`)).toEqual({ host: at, repository, tag: name ?? 'latest' })
      }),
    )
  })

  it('finds a fixed point: what it read, written out, reads the same', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          path,
          fc.tuple(path, tag).map((parts) => parts.join(':')),
        ),
        (text) => {
          const first = parseReference(text)
          if (first !== undefined) expect(parseReference(formatReference(first))).toEqual(first)
        },
      ),
    )
  })

  it('answers for any text whatever', () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes))
    const odd = fc
      .array(fc.constantFrom(':', '/', '@', '.', '-', '_', '[', ']', 'a', 'A', '0', 'sha256:'))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(units, odd), (text) => {
        const read = parseReference(text)
        if (read !== undefined) expect(parseReference(formatReference(read))).toEqual(read)
      }),
    )
  })
})

describe('isDigest', () => {
  it('takes algorithms that it does not know by the grammar', () => {
    expect(isDigest(`sha256+b64.x:${'A'.repeat(32)}`)).toBe(true)
    expect(isDigest(`constructor:${'a'.repeat(32)}`)).toBe(true)
    expect(isDigest(`sha256:${'a'.repeat(63)}`)).toBe(false)
    expect(isDigest(`md5:${'a'.repeat(31)}`)).toBe(false)
  })
})
