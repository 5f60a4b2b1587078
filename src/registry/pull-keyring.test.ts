import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pullKeyring } from './pull-keyring.ts'

const config = (...keys: string[]) =>
  JSON.stringify({ auths: Object.fromEntries(keys.map((key) => [key, { username: key, password: 'p' }])) })
const usersFor = (host: string, repository: string, ...keys: string[]) =>
  pullKeyring(config(...keys), host, repository).map((each) =>
    each.kind === 'basic' ? each.username : each.kind,
  )

describe('a kubelet takes for an image', () => {
  test.each([
    ['registry.example', 'registry.example', true],
    ['https://registry.example', 'registry.example', true],
    ['https://registry.example/v1/', 'registry.example', true],
    ['registry.example/v2/', 'registry.example', true],
    ['REGISTRY.example', 'registry.example', true],
    ['registry.example', 'registry.example:5000', false],
    ['registry.example:5000', 'registry.example:5000', true],
    ['registry.example:443', 'registry.example', false],
    ['*.example', 'registry.example', true],
    ['*.example', 'a.registry.example', false],
    ['r*y.exa?ple', 'registry.example', true],
    ['r*x.example', 'registry.example', false],
    ['registry.example/shop', 'registry.example', true],
    ['registry.example/sho', 'registry.example', true],
    ['registry.example/shop/web/more', 'registry.example', false],
    ['registry.example/other', 'registry.example', false],
    ['index.docker.io', 'docker.io', true],
    ['https://index.docker.io/v1/', 'docker.io', true],
    ['docker.io', 'docker.io', true],
    ['index.docker.io', 'registry.example', false],
  ])('%s for %s/shop/web: %s', (key, host, isTaken) => {
    expect(usersFor(host, 'shop/web', key)).toEqual(isTaken ? [key] : [])
  })

  test('every entry that matches, the one with the longest path first', () => {
    const keys = ['registry.example', 'registry.example/shop/web', 'registry.example/shop', 'other.example']
    expect(usersFor('registry.example', 'shop/web', ...keys)).toEqual([
      'registry.example/shop/web',
      'registry.example/shop',
      'registry.example',
    ])
  })

  test('auth before username and password, and no token', () => {
    const auth = Buffer.from('other:secret').toString('base64')
    const text = JSON.stringify({
      auths: {
        'a.example': { auth, username: 'me', password: 'p' },
        'b.example': { identitytoken: 't' },
        'c.example': { registrytoken: 't' },
      },
    })
    const keyring = (host: string) => pullKeyring(text, host, 'app')
    expect(keyring('a.example')).toEqual([{ kind: 'basic', username: 'other', password: 'secret' }])
    expect([keyring('b.example'), keyring('c.example')]).toEqual([[], []])
  })

  test('nothing of an entry that holds nothing', () => {
    const text = JSON.stringify({ auths: { 'registry.example': { auth: '' } } })
    expect(pullKeyring(text, 'registry.example', 'app')).toEqual([])
  })
})

const base64 = (text: string) => Buffer.from(text).toString('base64')

// Held against the code of Kubernetes 1.37 by a program that unmarshals the same texts.
test.each([
  '',
  'no json',
  '[]',
  '{"auths": []}',
  '{"auths": {"other.example": "text"}}',
  '{"auths": {"other.example": {"username": 5}}}',
  '{"auths": {"other.example": {"auth": "no base64!"}}}',
  '{"auths": {"other.example": {"auth": "YTpi YTpi"}}}',
  '{"auths": {"other.example": {"auth": "YTpiY"}}}',
  '{"auths": {"other.example": {"auth": "YTpiYw="}}}',
  `{"auths": {"other.example": {"auth": "${base64('nocolon')}"}}}`,
])('a kubelet cannot read %j, whatever else it holds', (text) => {
  const good = { 'registry.example': { username: 'a', password: 'b' } }
  const beside = text.includes('other')
    ? text.replace('{"other', `${JSON.stringify(good).slice(0, -1)},"other`)
    : text
  expect(() => pullKeyring(beside, 'registry.example', 'app')).toThrow(
    expect.objectContaining({ code: 'SECRET_INVALID', message: expect.not.stringMatching(/YTpi|nocolon/) }),
  )
})

test.each(['null', '{}', '{"auths": null}', '{"auths": {"registry.example": null}}', '{"more": 1}'])(
  'a kubelet reads %j, which holds nothing',
  (text) => {
    expect(pullKeyring(text, 'registry.example', 'app')).toEqual([])
  },
)

test.each(['YTpi', 'YTpiYw', 'YTpiYw==', 'YTpi\nYw==', 'YTpiYmI='])('a kubelet reads auth %j', (auth) => {
  const text = JSON.stringify({ auths: { 'registry.example': { auth } } })
  expect(pullKeyring(text, 'registry.example', 'app')).toMatchObject([{ username: 'a' }])
})

test('a pattern matches as the obvious regular expression does', () => {
  const part = fc.stringMatching(/^[ab*?]{1,6}$/)
  const name = fc.stringMatching(/^[ab]{1,6}$/)
  fc.assert(
    fc.property(part, name, (pattern, text) => {
      const obvious = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      expect(usersFor(text, 'app', pattern)).toEqual(obvious.test(text) ? [pattern] : [])
    }),
  )
})
