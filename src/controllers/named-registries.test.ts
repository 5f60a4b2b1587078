import { expect, test } from 'vitest'
import { namesOfAll } from '#controllers/named-registries.ts'

test('the names of all registries leave out one whose spec cannot be read', () => {
  const registry = (fields: object) => ({
    apiVersion: 'tallyman.dev/v1alpha1',
    kind: 'Registry',
    metadata: { name: 'r', namespace: 'apps' },
    spec: fields,
  })
  const registries = [{ url: 'https://a.example' }, { url: 7 }, { url: 'nowhere' }, {}].map(registry)
  expect(namesOfAll(registries).map(({ host }) => host)).toEqual(['a.example'])
})
