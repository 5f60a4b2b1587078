import { expect, test } from 'vitest'
import { parseRestoreTarget } from '#commands/restore-target.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`

test.each([
  ['registry.example.com', 'registry.example.com', undefined, undefined],
  ['registry.example.com:5000', 'registry.example.com:5000', undefined, undefined],
  ['http://registry.example.com:5000', 'http://registry.example.com:5000', undefined, undefined],
  ['registry.example.com:5000/shop/cart', 'registry.example.com:5000/shop/cart', undefined, undefined],
  ['registry.example.com:5000/shop/cart:v1', 'registry.example.com:5000/shop/cart', 'v1', undefined],
  ['https://registry.example.com/cart:v1', 'https://registry.example.com/cart', 'v1', undefined],
  [`registry.example.com/cart@${DIGEST}`, 'registry.example.com/cart', undefined, DIGEST],
  [`registry.example.com/cart:v1@${DIGEST}`, 'registry.example.com/cart', 'v1', DIGEST],
])('%s is a place, a tag and a digest', (text, place, tag, digest) => {
  expect(parseRestoreTarget(text)).toEqual({ place, tag, digest })
})
