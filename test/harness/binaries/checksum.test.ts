import { describe, expect, it } from 'vitest'
import { publishedChecksum } from '#test/harness/binaries/checksum.ts'

const A = 'a'.repeat(64)
const B = 'b'.repeat(64)

describe('a published checksum', () => {
  it.each([
    ['a bare hash', `${A}\n`],
    ['a bare hash in capitals', A.toUpperCase()],
    ['a line of sha256sum', `${B}  other\n${A}  file.tar.gz\n`],
    ['a line of sha256sum in binary mode', `${A} *file.tar.gz`],
    ['a line with a path', `${A}  ./out/file.tar.gz`],
    [
      'what GitHub says of a release',
      JSON.stringify({
        assets: [
          { name: 'other', digest: `sha256:${B}` },
          { name: 'file.tar.gz', digest: `sha256:${A}` },
        ],
      }),
    ],
  ])('is found in %s', (_form, text) => {
    expect(publishedChecksum(text, 'file.tar.gz')).toBe(A)
  })

  it.each([
    ['nothing', ''],
    ['the hash of another file', `${A}  other-file.tar.gz`],
    ['something too short', 'abc  file.tar.gz'],
    ['a page of HTML', '<html>not found</html>'],
    ['a release without digests', JSON.stringify({ assets: [{ name: 'file.tar.gz', digest: null }] })],
    ['a digest of another kind', JSON.stringify({ assets: [{ name: 'file.tar.gz', digest: 'md5:12' }] })],
  ])('is not found in %s', (_form, text) => {
    expect(publishedChecksum(text, 'file.tar.gz')).toBeUndefined()
  })
})
