/** A custom kind that makes pods, as Argo's: the API server takes whatever its objects hold. */
export const ROLLOUT = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout' }

export const ROLLOUT_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `rollouts.${ROLLOUT.group}` },
  spec: {
    group: ROLLOUT.group,
    scope: 'Namespaced',
    names: { plural: 'rollouts', kind: ROLLOUT.kind },
    versions: [
      {
        name: ROLLOUT.version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

/** Lets the operator read them: the role tallyman-custom-sources takes it in, where controllers run. */
export const MAY_READ_ROLLOUTS = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: {
    name: 'tallyman-reads-rollouts',
    labels: { 'tallyman.dev/aggregate-to-custom-sources': 'true' },
  },
  rules: [{ apiGroups: [ROLLOUT.group], resources: ['rollouts'], verbs: ['list', 'watch'] }],
}
