import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseImageID } from '#inventory/image-id.ts'

const HEX = '0123456789abcdef'.repeat(4)
const SHA = `sha256:${HEX}`

describe('parseImageID', () => {
  it.each([
    ['containerd', `registry.example.com:5000/team/app@${SHA}`, 'manifest'],
    ['dockershim, pulled', `docker-pullable://registry.example.com/app@${SHA}`, 'manifest'],
    ['dockershim, built on the node', `docker://${SHA}`, 'config'],
    ['containerd, imported on the node', SHA, 'config'],
    ['CRI-O, built on the node', HEX, 'config'],
  ])('reads the spelling of %s', (_runtime, text, kind) => {
    expect(parseImageID(text)).toEqual({ kind, digest: SHA })
  })

  it.each([['', 'app:1', 'repo@', 'repo@sha256:abc', 'sha256:', 'docker://', 'docker-pullable://app:1']])(
    'knows nothing from %j',
    (text) => {
      expect(parseImageID(text)).toBeUndefined()
    },
  )

  it('answers for any text whatever', () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes))
    fc.assert(fc.property(units, (text) => void parseImageID(text)))
    fc.assert(
      fc.property(fc.string(), (prefix) => {
        expect(parseImageID(`${prefix}@${SHA}`)).toEqual({ kind: 'manifest', digest: SHA })
      }),
    )
  })
})
