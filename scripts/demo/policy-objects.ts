import type { TestRegistry } from '#test/harness/registry.ts'

const apiVersion = 'tallyman.dev/v1alpha1'
const metadata = { namespace: 'default', name: 'builds' }

/**
 * A registry that may be deleted from, and a policy that makes a plan and deletes nothing. Like the sample, but for a cluster that uses one image of it,
 * and for a wait that is as short as the garbage collection of this registry.
 */
export function policyObjects(registry: TestRegistry): object[] {
  return [
    {
      apiVersion,
      kind: 'Registry',
      metadata,
      spec: { url: registry.url, workspace: { prefix: 'tallyman' } },
    },
    {
      apiVersion,
      kind: 'RegistryPolicy',
      metadata,
      spec: {
        registryRef: { name: 'builds' },
        inventoryRef: { name: 'everything' },
        rules: [{ name: 'everything', repositories: ['**'], keep: { newest: 2, beforeInUse: 1 } }],
        trash: { gcWindow: '1s' },
        limits: { minImagesInUse: 1 },
      },
    },
  ]
}
