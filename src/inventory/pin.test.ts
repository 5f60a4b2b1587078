import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePin } from '#inventory/pin.ts'

const SHA = `sha256:${'a'.repeat(64)}`

describe('a pin', () => {
  test.each([
    ['**/pause', ['**/pause'], undefined],
    ['base/**', ['base/**'], undefined],
    ['**', ['**'], undefined],
    ['**:keep-*', ['**'], 'keep-*'],
    ['r.example:5000/**', ['r.example:5000/**'], undefined],
    ['r.example:5000/app:v?', ['r.example:5000/app'], 'v?'],
    ['R.example:443/App', ['r.example/app'], undefined],
    ['index.docker.io/*/app', ['docker.io/*/app'], undefined],
    ['nginx', ['nginx', 'docker.io/library/nginx'], undefined],
    ['nginx:1.27', ['nginx', 'docker.io/library/nginx'], '1.27'],
    ['team/app', ['team/app', 'docker.io/team/app'], undefined],
    ['docker.io/nginx', ['docker.io/nginx', 'docker.io/library/nginx'], undefined],
    ['[FD00:0::1]:5000/*', ['[fd00::1]:5000/*'], undefined],
  ])('%s speaks of %j, tag %s', (text, names, tag) => {
    expect(parsePin(text)).toEqual({ text, names, tag, digest: undefined })
  })

  test('may have a digest', () => {
    expect(parsePin(`r.example/app:v1@${SHA}`)).toMatchObject({
      names: ['r.example/app'],
      tag: 'v1',
      digest: SHA,
    })
    expect(parsePin(`r.example/app@${SHA}`)).toMatchObject({ tag: undefined, digest: SHA })
  })

  test.each([
    ['', 'it is no host/repository and no pattern of one'],
    ['https://r.example/app', 'it is no host/repository and no pattern of one'],
    ['r.example/app/', 'it is no host/repository and no pattern of one'],
    ['/app', 'it is no host/repository and no pattern of one'],
    ['a b', 'it is no host/repository and no pattern of one'],
    ['r.example/{a,b}', 'it is no host/repository and no pattern of one'],
    ['r.example/-app', 'it is no reference, and there is no * or ? in it'],
    ['app:', 'what follows the last colon is no tag and no pattern of tags'],
    ['app:-v', 'what follows the last colon is no tag and no pattern of tags'],
    ['app:v1:v2', 'it is no reference, and there is no * or ? in it'],
    ['app:[ab]*', 'what follows the last colon is no tag and no pattern of tags'],
    ['app@sha256:abc', 'what follows the @ is no digest'],
    [`app@${SHA}@${SHA}`, 'what follows the @ is no digest'],
    [`${'a'.repeat(1020)}:v1.2`, 'longer than 1024 characters'],
  ])('%j is refused: %s', (text, problem) => {
    expect(parsePin(text)).toEqual({ problem })
  })

  test('is read or refused, whatever the text', () => {
    const odd = fc
      .array(fc.constantFrom('a', 'A', '/', ':', '@', '*', '?', '[', ']', '.', '-', SHA))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.string(), odd), (text) => {
        const pin = parsePin(text)
        if (!('problem' in pin)) expect(pin.names.length).toBeGreaterThan(0)
      }),
    )
  })
})
