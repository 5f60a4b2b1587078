import { caConfigMap, registry, registryPolicy } from '#test/e2e/support/objects.ts'
import type { Shop } from './shop.ts'

/**
 * A Registry at `url` and a policy of the same name that lets go of all that is not in use, but for the tag `stable`, once a plan is approved.
 * @param spec further fields of the policy
 */
export function policyObjects(
  namespace: string,
  { name, host, server }: Shop,
  url: string,
  spec: object,
): object[] {
  const at = (object: string) => ({ namespace, name: object })
  const ca = { kind: 'ConfigMap', name: `${name}-ca` }
  const trust = server.caPem === undefined ? [] : [caConfigMap(at(ca.name), server.caPem)]
  return [
    ...trust,
    registry(at(name), {
      ...{ url, aliases: [{ host }], workspace: {}, anchorInUse: 'Tag' },
      ...(trust.length === 0 ? {} : { caRef: ca }),
    }),
    registryPolicy(at(name), {
      registryRef: { name },
      mode: 'Approve',
      rules: [
        {
          name: 'stable',
          repositories: ['**'],
          keep: { tags: ['stable'], youngerThan: '1s' },
          whenUnused: 'Evict',
        },
      ],
      limits: { minImagesInUse: 5 },
      ...spec,
    }),
  ]
}
