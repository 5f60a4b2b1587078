import { describe, expect, test } from 'vitest'
import { CountTotal, countFormat } from '#commands/count-format.ts'
import type { CountRow } from '#commands/count-rows.ts'
import { repositoryFormat, tagFormat } from '#commands/list-format.ts'
import type { RowFormat } from '#commands/row-printer.ts'
import type { TagRow } from '#commands/tag-rows.ts'

const HOST = 'r.example'
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const OCI = 'application/vnd.oci.image.manifest.v1+json'
const TAGS: readonly TagRow[] = [
  { repository: 'shop/cart', tag: 'v1', digest: DIGEST, mediaType: OCI },
  { repository: 'shop/cart', tag: 'v2', problem: 'ManifestMissing' },
  { repository: 'shop/empty', problem: 'RepositoryEmpty' },
  { repository: 'shop/\u001b[2J', problem: 'PullDenied' },
]
const BARE = { digests: false, mediaTypes: false }
const ALL = { digests: true, mediaTypes: true }

function text<Row>(format: RowFormat<Row>, rows: readonly Row[]): string {
  const body = rows.map((row, index) => format.row(row, index === 0)).join('')
  return `${format.head}${body}${typeof format.tail === 'string' ? format.tail : format.tail()}`
}

describe('a list of tags', () => {
  test('as a table has columns of known width first, and says behind a name what is wrong with it', () => {
    expect(text(tagFormat(HOST, 'table', BARE, undefined), TAGS)).toBe(
      [
        'IMAGE',
        'r.example/shop/cart:v1',
        'r.example/shop/cart:v2  (manifest gone)',
        'r.example/shop/empty  (no tags)',
        'r.example/shop/\\u001b[2J  (denied)',
        '',
      ].join('\n'),
    )
    const wide = text(tagFormat(HOST, 'table', ALL, undefined), TAGS).split('\n')
    expect(wide[1]).toBe(`${DIGEST}  ${OCI.padEnd(57)}  r.example/shop/cart:v1`)
    expect(wide[2]).toBe(`${'-'.padEnd(71)}  ${'-'.padEnd(57)}  r.example/shop/cart:v2  (manifest gone)`)
  })

  test('is shortened for a narrow terminal alone', () => {
    const narrow = text(tagFormat(HOST, 'table', ALL, 100), TAGS).split('\n')
    expect(narrow[1]).toBe('sha256:0123456789ab  application/…est.v1+json  r.example/shop/cart:v1')
    expect(text(tagFormat(HOST, 'table', ALL, 200), TAGS)).toContain(DIGEST)
  })

  test('as names is what can be pulled, with the digest where that is known', () => {
    expect(text(tagFormat(HOST, 'names', ALL, 20), TAGS)).toBe(
      `r.example/shop/cart:v1@${DIGEST}\nr.example/shop/cart:v2\n`,
    )
  })

  test('as JSON has the same fields in every row, one a line', () => {
    const json = text(tagFormat(HOST, 'json', ALL, undefined), TAGS)
    const place = { registry: HOST, repository: 'shop/cart' }
    expect(JSON.parse(json).slice(0, 3)).toEqual([
      { image: 'r.example/shop/cart:v1', ...place, tag: 'v1', digest: DIGEST, mediaType: OCI, problem: null },
      {
        ...{ image: 'r.example/shop/cart:v2', ...place, tag: 'v2' },
        ...{ digest: null, mediaType: null, problem: 'ManifestMissing' },
      },
      {
        ...{ image: null, ...place, repository: 'shop/empty', tag: null },
        ...{ digest: null, mediaType: null, problem: 'RepositoryEmpty' },
      },
    ])
    expect(json.trim().split('\n')).toHaveLength(TAGS.length + 2)
    expect(JSON.parse(text(tagFormat(HOST, 'json', ALL, undefined), []))).toEqual([])
  })

  test('as CSV is what RFC 4180 says', () => {
    expect(text(tagFormat(HOST, 'csv', BARE, undefined), TAGS.slice(1, 3))).toBe(
      [
        'image,registry,repository,tag,digest,media_type,problem',
        'r.example/shop/cart:v2,r.example,shop/cart,v2,,,ManifestMissing',
        ',r.example,shop/empty,,,,RepositoryEmpty',
        '',
      ].join('\r\n'),
    )
  })
})

test('a list of repositories is each once, in every format', () => {
  const rows = ['base', 'shop/cart']
  expect(text(repositoryFormat(HOST, 'table'), rows)).toBe(
    'REPOSITORY\nr.example/base\nr.example/shop/cart\n',
  )
  expect(text(repositoryFormat(HOST, 'names'), rows)).toBe('r.example/base\nr.example/shop/cart\n')
  expect(text(repositoryFormat(HOST, 'csv'), rows)).toBe(
    'registry,repository\r\nr.example,base\r\nr.example,shop/cart\r\n',
  )
  expect(JSON.parse(text(repositoryFormat(HOST, 'json'), rows))).toEqual([
    { registry: HOST, repository: 'base' },
    { registry: HOST, repository: 'shop/cart' },
  ])
})

describe('a count', () => {
  const rows: readonly CountRow[] = [
    { repository: 'base', tags: 12 },
    { repository: 'empty', tags: 0, problem: 'RepositoryEmpty' },
    { repository: 'secret', tags: undefined, problem: 'PullDenied' },
  ]
  const counted = (output: 'table' | 'json' | 'csv') => {
    const total = new CountTotal()
    for (const row of rows) total.add(row)
    return text(countFormat(HOST, output, total), rows)
  }

  test('ends with the total, and says what is not in it', () => {
    expect(counted('table')).toBe(
      [
        '     TAGS  REPOSITORY',
        '       12  r.example/base',
        '        0  r.example/empty',
        '        -  r.example/secret  (denied)',
        '       12  in 3 repositories, 1 of them not counted',
        '',
      ].join('\n'),
    )
    expect(JSON.parse(counted('json'))).toEqual({
      registry: HOST,
      repositories: [
        { repository: 'base', tags: 12, problem: null },
        { repository: 'empty', tags: 0, problem: 'RepositoryEmpty' },
        { repository: 'secret', tags: null, problem: 'PullDenied' },
      ],
      total: { repositories: 3, tags: 12, unread: 1 },
    })
    expect(counted('csv')).toBe(
      'registry,repository,tags,problem\r\nr.example,base,12,\r\nr.example,empty,0,RepositoryEmpty\r\nr.example,secret,,PullDenied\r\n',
    )
  })
})
