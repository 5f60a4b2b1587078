import { ROLLOUT } from '#test/harness/rollout-crd.ts'
import { WORK } from './site.ts'

/** The Secret with the kubeconfig of the other cluster. */
export const SECRET = 'edge'

/** An ImageInventory of both clusters with every source. @param tokens of shrinks that are accepted, by cluster */
export function inventorySpec(home: string, edge: string, tokens: Readonly<Record<string, string>>): object {
  const cluster = (name: string, more: object = {}) => {
    const acceptShrink = tokens[name]
    return {
      name,
      floor: 10,
      maxShrinkPercent: 50,
      ...(acceptShrink === undefined ? {} : { acceptShrink }),
      ...more,
    }
  }
  const plainly = { enabled: true, ifUnavailable: 'Block' }
  return {
    clusters: [cluster(home), cluster(edge, { kubeconfigRef: { name: SECRET } })],
    sources: {
      ...{ workloads: plainly, rolloutHistory: plainly, nodes: plainly },
      helmReleases: { namespaces: [WORK], ifUnavailable: 'Block' },
      custom: [
        { ...ROLLOUT, ifUnavailable: 'Block', images: [{ path: 'spec.template.spec.containers[*].image' }] },
      ],
    },
  }
}
