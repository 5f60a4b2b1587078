import { describe, expect, test } from 'vitest'
import { parseAskedImage } from '#commands/asked-image.ts'
import { isNamed, matchingNames } from '#commands/matching-names.ts'
import { parseReference } from '#inventory/reference.ts'

const A = `sha256:${'a'.repeat(64)}`
const B = `sha256:${'b'.repeat(64)}`

/** What of `images` names `text`, and with `?` what may mean it. */
function found(text: string, images: readonly string[]): string[] {
  const asked = parseAskedImage(text)
  if (asked === undefined) throw new Error(`${text} cannot be asked about`)
  const named = images.map((image) => ({ image, reference: parseReference(image) }))
  return [...matchingNames(asked, named)].map(([{ image }, match]) => (isNamed(match) ? image : `${image}?`))
}

describe('an image that is asked about', () => {
  test.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['Registry.Local:5000/team/app:v1', 'registry.local:5000/team/app:v1'],
    [`app:v1@${A}`, `docker.io/library/app:v1@${A}`],
    [A, A],
  ])('%s is %s', (text, canonical) => {
    expect(parseAskedImage(text)?.text).toBe(canonical)
  })

  test.each([
    '',
    'sha256:abc',
    'sha256:',
    `sha256:${'A'.repeat(64)}`,
    'a.b/UPPER/case',
    'a b',
    'https://a/b',
    'a'.repeat(64),
  ])('%j is none', (text) => {
    // 64 hex digits alone are the id of an image, which no runtime pulls.
    expect(parseAskedImage(text)).toBeUndefined()
  })
})

describe('names', () => {
  test('are compared in full: host, library and tag as a kubelet fills them in', () => {
    const images = [
      'nginx',
      'docker.io/nginx:latest',
      'index.docker.io/library/nginx',
      'nginx:1',
      'quay.io/nginx',
    ]
    expect(found('nginx:latest', images)).toEqual(images.slice(0, 3))
    expect(found('registry.local/a:1', ['registry.local:443/a:1', 'REGISTRY.local/a:1'])).toHaveLength(2)
  })

  test('with tag and digest answer to both', () => {
    const images = [`registry.local/a:1@${A}`, `registry.local/a@${B}`, 'registry.local/a:2']
    expect(found('registry.local/a:1', images)).toEqual([images[0]])
    expect(found(`registry.local/a:2@${B}`, images)).toEqual([images[2], images[1]])
  })

  test('with the digest count in every repository (S06)', () => {
    const images = [`mirror.local/x/a@${A}`, `registry.local/b:1@${A}`, `registry.local/a@${B}`, A]
    expect(found(A, images)).toEqual([images[0], images[1], images[3]])
    expect(found(`registry.local/a@${A}`, images)).toEqual([images[0], images[1], images[3]])
  })

  test('that only seem to mean it are told apart (S06)', () => {
    const images = [
      'mirror.local/team/app:1',
      'registry.local/Team/App:1',
      'mirror.local/team/app:2',
      'other/app:1',
    ]
    expect(found('registry.local/team/app:1', images)).toEqual([`${images[1]}?`, `${images[0]}?`])
  })
})
