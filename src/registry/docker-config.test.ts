import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import {
  credentialFromBasicAuth,
  credentialFromDockerConfig,
  helperKey,
  userLogin,
} from '#registry/docker-config.ts'

const HOST = 'registry.example:5000'
const base64 = (text: string) => Buffer.from(text).toString('base64')
const config = (auths: Record<string, unknown>) => JSON.stringify({ auths })
const basic = (username: string, password: string) => ({ kind: 'basic', username, password })

function refusal(text: string, host = HOST): string {
  try {
    credentialFromDockerConfig(text, host)
  } catch (error) {
    if (error instanceof TallymanError && error.code === 'SECRET_INVALID') return error.message
    throw error
  }
  throw new Error('it was taken')
}

describe('a docker config', () => {
  test.each([
    ['user and password', { username: 'u', password: 'p' }, basic('u', 'p')],
    ['a user without password', { username: 'u' }, basic('u', '')],
    ['auth, as docker login writes it', { auth: base64('u:p') }, basic('u', 'p')],
    ['auth whose password has colons', { auth: base64('u:p:q:') }, basic('u', 'p:q:')],
    ['auth padded with zeroes', { auth: base64('u:p\0\0') }, basic('u', 'p')],
    ['auth beside an empty user', { username: '', password: '', auth: base64('u:p') }, basic('u', 'p')],
    ['an identity token', { identitytoken: 't' }, { kind: 'identityToken', token: 't' }],
    [
      'an identity token of a user',
      { auth: base64('u:'), identitytoken: 't' },
      { kind: 'identityToken', token: 't', username: 'u' },
    ],
    ['a registry token', { registrytoken: 't', auth: base64('u:p') }, { kind: 'registryToken', token: 't' }],
    ['fields that we do not know', { email: 'e', auth: base64('u:p') }, basic('u', 'p')],
  ])('holds %s', (_what, entry, credential) => {
    expect(credentialFromDockerConfig(config({ [HOST]: entry }), HOST)).toEqual(credential)
  })

  test.each([
    ['registry.example:5000', HOST],
    ['https://registry.example:5000', HOST],
    ['http://registry.example:5000/v2/', HOST],
    ['REGISTRY.example:5000', HOST],
    ['registry.example', 'registry.example:443'],
    ['registry.example:443', 'registry.example'],
    ['https://index.docker.io/v1/', 'registry-1.docker.io'],
    ['docker.io', 'index.docker.io'],
  ])('has under %s what is for %s', (key, host) => {
    const text = config({ 'other.example': { auth: base64('x:y') }, [key]: { auth: base64('u:p') } })
    expect(credentialFromDockerConfig(text, host)).toEqual(basic('u', 'p'))
  })

  test('prefers what is for the whole host to what is for one path of it', () => {
    const text = config({
      [`${HOST}/team`]: { auth: base64('team:x') },
      [`https://${HOST}/v2/`]: { auth: base64('all:x') },
    })
    expect(credentialFromDockerConfig(text, HOST)).toEqual(basic('all', 'x'))
    const only = config({ [`${HOST}/team`]: { auth: base64('team:x') } })
    expect(credentialFromDockerConfig(only, HOST)).toEqual(basic('team', 'x'))
  })

  test.each([
    ['no JSON', 'hunter2', 'is not JSON'],
    ['a list', '[]', 'at its top'],
    ['no auths', '{}', 'at auths'],
    ['an entry that is none', config({ [HOST]: 'hunter2' }), 'at auths'],
    ['no entry', config({}), 'holds credentials for no host'],
    ['another host', config({ 'other.example': {} }), 'for other.example, not for registry.example:5000'],
    ['an empty entry', config({ [HOST]: {} }), 'no auth, username or token'],
    ['auth without a colon', config({ [HOST]: { auth: base64('hunter2') } }), 'no auth, username or token'],
    ['auth without a user', config({ [HOST]: { auth: base64(':hunter2') } }), 'no auth, username or token'],
    ['a number for a password', config({ [HOST]: { username: 'u', password: 7 } }), 'at auths'],
  ])('is refused with %s, and the message says why', (_what, text, why) => {
    expect(refusal(text)).toContain(why)
  })

  test('is refused without a word of what is in it', () => {
    const secret = 'hunter2'
    const texts = [
      `{"auths": {"${HOST}": {"password": "${secret}"`,
      secret,
      JSON.stringify(secret),
      config({ [HOST]: secret }),
      config({ [HOST]: { password: secret } }),
      config({ [HOST]: { auth: base64(secret) } }),
      config({ 'other.example': { username: 'u', password: secret } }),
    ]
    for (const text of texts) {
      expect(refusal(text)).not.toContain(secret)
      expect(refusal(text)).not.toContain(base64(secret))
    }
  })

  test('gives back every user and password that docker login can write', () => {
    const unit = fc.constantFrom(...'aZ0@/ "\\é漢', '😀')
    const user = fc.string({ unit, minLength: 1 })
    const password = fc.string({ unit: fc.oneof(unit, fc.constant(':')) })
    fc.assert(
      fc.property(user, password, (username, secret) => {
        const text = config({ [HOST]: { auth: base64(`${username}:${secret}`) } })
        expect(credentialFromDockerConfig(text, HOST)).toEqual(basic(username, secret))
      }),
    )
  })

  test('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), (text, host) => {
        expect(refusal(text, host)).not.toBe('')
      }),
    )
  })
})

describe('the docker config of a user', () => {
  const NOTHING = { helper: undefined, credential: undefined }
  const auths = { [HOST]: { auth: base64('u:p') } }

  test.each([
    ['nothing at all', {}, NOTHING],
    ['other hosts alone', { auths: { 'other.example': { auth: base64('x:y') } } }, NOTHING],
    ['an entry', { auths }, { helper: undefined, credential: basic('u', 'p') }],
    ['a helper for the host', { credHelpers: { [HOST]: 'one' } }, { ...NOTHING, helper: 'one' }],
    ['a helper for another host', { credHelpers: { 'other.example': 'one' } }, NOTHING],
    [
      'a helper for the host before that for all',
      { credHelpers: { [`https://${HOST}`]: 'one' }, credsStore: 'all' },
      { ...NOTHING, helper: 'one' },
    ],
    [
      'a helper for all, and the empty entry that docker login leaves',
      { auths: { [HOST]: {} }, credsStore: 'all' },
      { ...NOTHING, helper: 'all' },
    ],
    [
      'a helper for all and an entry of before',
      { auths, credsStore: 'all' },
      { helper: 'all', credential: basic('u', 'p') },
    ],
    ['a helper without a name', { auths, credsStore: '' }, { ...NOTHING, credential: basic('u', 'p') }],
  ])('may hold %s', (_what, text, login) => {
    expect(userLogin(JSON.stringify(text), HOST)).toEqual(login)
  })

  test.each([
    ['no JSON', 'hunter2'],
    ['helpers that are none', JSON.stringify({ credHelpers: { [HOST]: 7 } })],
    ['an entry without a colon', config({ [HOST]: { auth: base64('hunter2') } })],
  ])('is refused with %s, without a word of it', (_what, text) => {
    expect(() => userLogin(text, HOST)).toThrow(expect.objectContaining({ code: 'SECRET_INVALID' }))
    expect(() => userLogin(text, HOST)).not.toThrow('hunter2')
  })

  test('names Docker Hub to a helper as docker login does', () => {
    expect(['registry-1.docker.io', 'docker.io', HOST, 'r.example:443'].map(helperKey)).toEqual([
      'https://index.docker.io/v1/',
      'https://index.docker.io/v1/',
      HOST,
      'r.example',
    ])
  })
})

describe('a basic-auth Secret', () => {
  test('holds user and password, which may be empty', () => {
    expect(credentialFromBasicAuth('u', 'p')).toEqual(basic('u', 'p'))
    expect(credentialFromBasicAuth('u', '')).toEqual(basic('u', ''))
  })

  test.each([
    [undefined, 'p'],
    ['', 'p'],
    ['u', undefined],
  ])('is refused with user %j and password %j', (username, password) => {
    expect(() => credentialFromBasicAuth(username, password)).toThrow('needs the keys username and password')
  })
})
