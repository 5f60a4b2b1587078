import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseChallenges } from './challenge.ts'

const parsed = (...headers: string[]) =>
  parseChallenges(headers).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])

test('distribution, Docker Hub and GitLab write one Bearer challenge', () => {
  expect(
    parsed(
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    ),
  ).toEqual([
    [
      'bearer',
      {
        realm: 'https://auth.docker.io/token',
        service: 'registry.docker.io',
        scope: 'repository:a/b:pull,push',
      },
    ],
  ])
})

test('Codeberg writes Bearer and Basic into one line', () => {
  expect(
    parsed('Bearer realm="https://codeberg.org/v2/token",service="s",Basic realm="https://codeberg.org/v2"'),
  ).toEqual([
    ['bearer', { realm: 'https://codeberg.org/v2/token', service: 's' }],
    ['basic', { realm: 'https://codeberg.org/v2' }],
  ])
})

test.each([
  [
    'several headers',
    ['Basic realm="a"', 'Bearer realm="b"'],
    [
      ['basic', { realm: 'a' }],
      ['bearer', { realm: 'b' }],
    ],
  ],
  [
    'schemes without parameters',
    ['Negotiate, Basic'],
    [
      ['negotiate', {}],
      ['basic', {}],
    ],
  ],
  [
    'token68',
    ['Negotiate YIIJ==, Basic realm=x'],
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    'names in any case, blanks around =',
    ['BEARER Realm = "x" , SERVICE=y'],
    [['bearer', { realm: 'x', service: 'y' }]],
  ],
  ['escapes and commas in quotes', [String.raw`Bearer realm="a\"b,c\\"`], [['bearer', { realm: 'a"b,c\\' }]]],
  ['empty elements', [', ,Basic realm="x",,'], [['basic', { realm: 'x' }]]],
  ['a quote that never ends', ['Bearer realm="x, service=y'], [['bearer', { realm: 'x, service=y' }]]],
  ['garbage', ['"', '=', ''], []],
] as const)('%s', (_, headers, challenges) => {
  expect(parsed(...headers)).toEqual(challenges)
})

test('what is written is read back', () => {
  const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
  const challenge = fc.tuple(token, fc.dictionary(token, fc.string(), { minKeys: 1, noNullPrototype: true }))
  const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
  fc.assert(
    fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
      const header = challenges
        .map(([scheme, parameters]) => {
          const list = Object.entries(parameters).map(([name, value]) => `${name}=${quote(value)}`)
          return `${scheme} ${list.join(', ')}`
        })
        .join(', ')
      expect(parsed(header)).toEqual(challenges)
    }),
  )
})

test('no header makes it throw or hang', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('"', '\\', ',', '=', ' ', 'a', 'B', '/', '\t') }),
      (text) => void parsed(text),
    ),
  )
})
