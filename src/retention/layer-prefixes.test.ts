import { expect, test } from 'vitest'
import { LayerPrefixes } from '#retention/layer-prefixes.ts'
import { blobOf, imageFacts } from '#test/harness/registry-facts.ts'

const image = (...layers: readonly string[]) =>
  imageFacts(layers.join(), 0, { layers: layers.map((name) => blobOf(name)) })

test('S09: an image is a base where its layers are the first of another one, and not all', () => {
  const prefixes = new LayerPrefixes<string>()
  prefixes.add(image('os', 'runtime', 'app'), 'app')
  expect(prefixes.builtOn(image('os'))).toBe('app')
  expect(prefixes.builtOn(image('os', 'runtime'))).toBe('app')
  for (const other of [
    image('os', 'runtime', 'app'),
    image('runtime'),
    image('os', 'app'),
    image('app'),
    image(),
  ])
    expect(prefixes.builtOn(other)).toBeUndefined()
})

test('says whether an image is built on anything new', () => {
  const prefixes = new LayerPrefixes<string>()
  expect(prefixes.add(image('os', 'app'), 'first')).toBe(true)
  expect(prefixes.add(image('os', 'other'), 'second')).toBe(false)
  expect(prefixes.add(image('os', 'other', 'more'), 'third')).toBe(true)
  expect(prefixes.add(image('alone'), 'fourth')).toBe(false)
  expect(prefixes.builtOn(image('os'))).toBe('first')
})

test('keeps apart layers whose digests end alike', () => {
  // The digests of the harness are filled up with zeros: all of them end alike.
  const prefixes = new LayerPrefixes<string>()
  prefixes.add(image('a', 'x'), 'on a')
  prefixes.add(image('b', 'x'), 'on b')
  expect([image('a'), image('b'), image('c')].map((each) => prefixes.builtOn(each))).toEqual([
    'on a',
    'on b',
    undefined,
  ])
})
