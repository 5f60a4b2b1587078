import { describe, expect, test } from 'vitest'
import { policiesAbout } from '#commands/policies-about.ts'
import { parseReference } from '#inventory/reference.ts'
import type { CustomObject } from '#runtime/custom-object.ts'

const object = (kind: string, namespace: string, name: string, spec: object): CustomObject => ({
  ...{ apiVersion: 'tallyman.dev/v1alpha1', kind, metadata: { namespace, name }, spec },
})
const registry = (name: string, spec: object, namespace = 'shop') => object('Registry', namespace, name, spec)
const policy = (name: string, registryRef: string, spec: object = {}, namespace = 'shop') =>
  object('RegistryPolicy', namespace, name, {
    ...{ registryRef: { name: registryRef }, inventoryRef: { name: 'all' } },
    rules: [{ name: 'newest', repositories: ['**'], keep: { newest: 1 } }],
    ...spec,
  })

function about(image: string, policies: readonly CustomObject[], registries: readonly CustomObject[]) {
  const reference = parseReference(image)
  if (reference === undefined) throw new Error(`${image} is no reference`)
  return policiesAbout(reference, 'prod', { policies, registries })
}

const HUB = registry('hub', { url: 'https://registry.example.com' })

describe('the policies about an image', () => {
  test('are those whose Registry it lies in, sorted, with their state', () => {
    const others = [registry('other', { url: 'https://other.example.com' }), HUB]
    const { about: found, problems } = about(
      'registry.example.com/shop/cart:v1',
      [policy('web', 'hub', { mode: 'Enforce', suspend: true }), policy('api', 'hub'), policy('no', 'other')],
      others,
    )
    expect(problems).toEqual([])
    expect(found).toMatchObject([
      { cluster: 'prod', name: 'shop/api', mode: 'DryRun', isSuspended: false },
      {
        ...{ name: 'shop/web', mode: 'Enforce', isSuspended: true, rules: [{ name: 'newest' }] },
        registry: { name: 'shop/hub', image: { repository: 'shop/cart', tag: 'v1' } },
      },
    ])
  })

  test('know the other names of their Registry, and the path of its URL', () => {
    const aliases = [{ host: 'cache.example.com', prefix: 'hub', replaceWith: 'library' }]
    const placed = [registry('hub', { url: 'https://registry.example.com/team', aliases })]
    const repositoryOf = (image: string) =>
      about(image, [policy('web', 'hub')], placed).about.map(
        ({ registry: { image: found } }) => found.repository,
      )
    expect(repositoryOf('cache.example.com/hub/nginx:1')).toEqual(['library/nginx'])
    expect(repositoryOf('registry.example.com/team/app:1')).toEqual(['app'])
    expect(repositoryOf('registry.example.com/other/app:1')).toEqual([])
  })

  test('are of the namespace of their Registry', () => {
    const strange = policy('web', 'hub', {}, 'elsewhere')
    expect(about('registry.example.com/a:1', [strange], [HUB]).about).toEqual([])
  })

  test('are none that are being deleted', () => {
    const gone = policy('web', 'hub')
    const metadata = { ...gone.metadata, deletionTimestamp: '2026-11-26T00:00:00Z' }
    expect(about('registry.example.com/a:1', [{ ...gone, metadata }], [HUB]).about).toEqual([])
  })

  test('take the workspace of their Registry for what it is', () => {
    const workspacesOf = (workspace: object) => {
      const kept = registry('hub', { url: 'https://registry.example.com', workspace })
      return about('registry.example.com/a:1', [policy('web', 'hub')], [kept]).about[0]?.registry.workspaces
    }
    expect(workspacesOf({})).toEqual(['tallyman-claims', 'tallyman'])
    expect(workspacesOf({ registryRef: { name: 'other' }, prefix: 'ours' })).toEqual([
      'tallyman-claims',
      'ours/trash',
    ])
  })

  test('that cannot be applied are told with their field', () => {
    const impossible = [{ name: 'a', repositories: ['**'], keep: { tags: ['[a'] } }]
    const { about: found, problems } = about(
      'registry.example.com/a:1',
      [policy('bad', 'hub', { rules: impossible }), policy('old', 'hub', { rules: 7 }), policy('web', 'hub')],
      [HUB, registry('broken', { url: 7 }), registry('nowhere', {})],
    )
    expect(found.map(({ name }) => name)).toEqual(['shop/web'])
    expect(problems).toEqual([
      expect.stringContaining(
        'RegistryPolicy shop/bad of prod cannot be applied: spec.rules[0].keep.tags[0]: "[a" matches no tag',
      ),
      expect.stringContaining('RegistryPolicy shop/old of prod cannot be applied: spec.rules: '),
    ])
  })

  test('say why nothing is done by their spec, unless another spec was refused, and which runs they had', () => {
    const run = { id: 'web-1', plan: 'sha256:1', phase: 'Succeeded', cause: 'Enforced' }
    const counts = { bindings: 0, untagged: 0, swept: 0, spared: 0, startedAt: '2026-11-26T00:00:00Z' }
    const stated = (observedGeneration: number, status: string) => {
      const web = policy('web', 'hub')
      const ready = { type: 'Ready', status, reason: 'SpecInvalid', message: 'spec.schedule: no' }
      const condition = { ...ready, observedGeneration, lastTransitionTime: '2026-11-26T00:00:00Z' }
      const metadata = { ...web.metadata, generation: 2 }
      const said = { conditions: [condition], run: { ...run, ...counts } }
      return about('registry.example.com/a:1', [{ ...web, metadata, status: said }], [HUB]).about[0]
    }
    expect(stated(2, 'False')).toMatchObject({ refusal: 'spec.schedule: no', runs: ['web-1'] })
    expect(stated(1, 'False')?.refusal).toBeUndefined()
    expect(stated(2, 'True')?.refusal).toBeUndefined()
  })
})
