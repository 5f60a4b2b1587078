import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDigest, isHost, isRepository, isTag, parseReference } from '#inventory/reference.ts'
import { salvage } from '#inventory/salvage.ts'

const SHA = `sha256:${'0a'.repeat(32)}`
const APP = { host: 'r.example', repository: 'team/app' }
const APP_V1 = { ...APP, tag: 'v1' }

describe('salvage', () => {
  test.each([
    ['a path in capitals', 'R.example/Team/App:v1', APP_V1],
    ['a tag in capitals, which is legal', 'r.example/Team/app:V1', { ...APP, tag: 'V1' }],
    ['a scheme', 'https://r.example/team/app:v1', APP_V1],
    ['two schemes', 'docker://oci://r.example/team/app:v1', APP_V1],
    ['a user and a query', 'https://u:p@r.example/team/app:v1?a=b', APP_V1],
    ['slashes too many', '/r.example//team/app:v1/', APP_V1],
    ['spaces', ' r.example/team/app: v1\n', APP_V1],
    ['quotes', '"r.example/team/app:v1"', APP_V1],
    ['a port', 'r.example:5000/Team/app:v1', { ...APP_V1, host: 'r.example:5000' }],
    ['a dot behind the host', 'r.example.:5000/team/app:v1', { ...APP_V1, host: 'r.example:5000' }],
    ['an IPv6 host', '[FD00::1]:5000/Team/app:v1', { ...APP_V1, host: '[fd00::1]:5000' }],
    ['a name of Docker Hub', 'index.docker.io/Nginx:1', { host: 'docker.io', repository: 'nginx', tag: '1' }],
    ['an empty tag', 'r.example/team/app:', APP],
    ['a tag that is too long', `r.example/team/app:${'x'.repeat(129)}`, APP],
    ['a tag cut off by somebody', `r.example/team/app:${'x'.repeat(10_000)}`, APP],
    ['two tags', 'r.example/team/app:v1:v2', APP],
    ['a template as tag', 'r.example/team/app:{{ .Values.tag }}', APP],
    ['a comment', 'r.example/team/app # the best', APP],
    ['a template as host', `\${REGISTRY}/team/app:v1`, { repository: 'team/app', tag: 'v1' }],
    ['a template within', `r.example/\${ENV}/team/app:v1`, { repository: 'team/app', tag: 'v1' }],
    ['a name alone', 'App:v1', { repository: 'app', tag: 'v1' }],
    ['no host', 'Team/App:v1', { repository: 'team/app', tag: 'v1' }],
    ['a broken digest', 'r.example/team/app:v1@sha256:abc', APP_V1],
    ['a digest in capitals', `r.example/Team/app@${SHA.toUpperCase()}`, { ...APP, digest: SHA }],
    ['a scheme that was doubled', 'http:///http://r.example/team/app:v1', APP_V1],
    ['two digests', `r.example/team/app@x@${SHA}`, { ...APP, digest: SHA }],
  ])('makes out the repository in spite of %s', (_what, text, made) => {
    expect(salvage(text)).toEqual(made)
  })

  test.each([
    ['nothing', ''],
    ['slashes', '///'],
    ['a tag alone', ':v1'],
    ['a digest alone', `@${SHA}`],
    ['a template', '{{ .Values.image }}'],
    ['a name of no repository', 'r.example/team/-app:v1'],
    ['a path that is too long', `r.example/${'a'.repeat(256)}`],
    ['a megabyte', 'a/'.repeat(500_000)],
  ])('makes nothing out of %s', (_what, text) => {
    expect(salvage(text)).toBeUndefined()
  })

  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
  const host = fc.tuple(word, word).map((labels) => labels.join('.'))
  const repository = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('/'))
  const tag = fc.stringMatching(/^[a-z0-9][\w.-]{0,20}$/)

  test('makes the same out of a reference however it was spoilt', () => {
    const spoil = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => `http://${text}`,
      (text) => `${text}/`,
      (text) => text.replace('/', '//'),
      (text) => text.replaceAll('/', ' / '),
      (text) => `'${text}'`,
      (text) => text.replace(/^[^:]+/, (name) => name.toUpperCase()),
      (text) => `${text}@sha256:${'f'.repeat(63)}`,
    )
    fc.assert(
      fc.property(host, repository, tag, fc.array(spoil, { maxLength: 4 }), (at, path, name, spoilers) => {
        const text = spoilers.reduce((spoilt, each) => each(spoilt), `${at}/${path}:${name}`)
        fc.pre(text.indexOf('@') === text.lastIndexOf('@') && !/@.*\//.test(text))
        expect(salvage(text)).toEqual({ host: at, repository: path, tag: name })
      }),
    )
  })

  test('makes legal parts or nothing out of any text', () => {
    const odd = fc
      .array(fc.constantFrom(':', '/', '@', '.', '-', '[', ']', 'a', 'A', '0', ' ', '//', SHA, '#', '"'))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.string(), odd), (text) => {
        const made = salvage(text)
        if (made === undefined) return
        expect(isRepository(made.repository)).toBe(true)
        expect(made.host === undefined || isHost(made.host)).toBe(true)
        expect(made.tag === undefined || isTag(made.tag)).toBe(true)
        expect(made.digest === undefined || isDigest(made.digest)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('agrees with the grammar on what is legal', () => {
    fc.assert(
      fc.property(host, repository, tag, (at, path, name) => {
        const text = `${at}/${path}:${name}`
        expect(salvage(text)).toEqual(parseReference(text))
      }),
    )
  })
})
