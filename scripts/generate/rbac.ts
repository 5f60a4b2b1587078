import { KINDS } from '#crds/index.ts'
import { GROUP } from '#crds/meta.ts'

const API = 'rbac.authorization.k8s.io/v1'
const labels = { 'app.kubernetes.io/name': 'tallyman' }
export const NAMESPACE = 'tallyman-system'
const SERVICE_ACCOUNT = 'tallyman'
const subjects = [{ kind: 'ServiceAccount', name: SERVICE_ACCOUNT, namespace: NAMESPACE }]
const CUSTOM_SOURCE_LABEL = `${GROUP}/aggregate-to-custom-sources`

/** Everything that names images, and who the cluster is. */
const USAGE_RULES = [
  { apiGroups: [''], resources: ['pods', 'nodes', 'replicationcontrollers'], verbs: ['list', 'watch'] },
  {
    apiGroups: ['apps'],
    resources: ['deployments', 'statefulsets', 'daemonsets', 'replicasets', 'controllerrevisions'],
    verbs: ['list', 'watch'],
  },
  { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] },
]
const plurals = KINDS.map((kind) => kind.plural)

/** The rights of the operator, file by file. It reads pods and nodes, its own kinds, and no Secret outside the namespaces that allow it. */
export function rbacFiles(): Record<string, object[]> {
  return {
    'service_account.yaml': [
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: SERVICE_ACCOUNT, namespace: NAMESPACE, labels },
      },
    ],
    'operator_role.yaml': [
      clusterRole('tallyman-operator', [
        { apiGroups: [GROUP], resources: plurals, verbs: ['get', 'list', 'watch'] },
        {
          apiGroups: [GROUP],
          resources: plurals.map((plural) => `${plural}/status`),
          verbs: ['get', 'patch'],
        },
        ...USAGE_RULES,
        { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
      ]),
      binding('ClusterRoleBinding', 'tallyman-operator', 'ClusterRole'),
    ],
    // What a cluster has to grant that is watched from elsewhere: bound to whom its kubeconfig speaks for.
    'cluster_reader_role.yaml': [clusterRole('tallyman-cluster-reader', USAGE_RULES)],
    // Kinds of other vendors: whoever adds a source for one adds a ClusterRole with this label, and needs no change of ours.
    'custom_sources_role.yaml': [
      {
        ...clusterRole('tallyman-custom-sources', []),
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [CUSTOM_SOURCE_LABEL]: 'true' } }] },
      },
      binding('ClusterRoleBinding', 'tallyman-custom-sources', 'ClusterRole'),
    ],
    // Bound in each namespace whose Helm releases are a source: it lists Secrets, so it is nobody's by default.
    'helm_releases_role.yaml': [
      clusterRole('tallyman-helm-releases', [
        { apiGroups: [''], resources: ['secrets'], verbs: ['list', 'watch'] },
      ]),
    ],
    'ledger_role.yaml': [
      {
        apiVersion: API,
        kind: 'Role',
        metadata: { name: 'tallyman-ledger', namespace: NAMESPACE, labels },
        rules: [
          {
            apiGroups: [''],
            resources: ['configmaps'],
            verbs: ['get', 'list', 'create', 'update', 'delete'],
          },
        ],
      },
      binding('RoleBinding', 'tallyman-ledger', 'Role', NAMESPACE),
    ],
    'leader_election_role.yaml': [
      {
        apiVersion: API,
        kind: 'Role',
        metadata: { name: 'tallyman-leader-election', namespace: NAMESPACE, labels },
        rules: [
          { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
        ],
      },
      binding('RoleBinding', 'tallyman-leader-election', 'Role', NAMESPACE),
    ],
    // Bound in each namespace that holds our objects, by its owner: the operator has no right on Secrets by itself.
    'credentials_role.yaml': [
      clusterRole('tallyman-credentials', [
        { apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get'] },
      ]),
    ],
    // Bound in each namespace whose pull secrets a check with `credentials: Pod` tries: nobody's by default.
    'pull_secrets_role.yaml': [
      clusterRole('tallyman-pull-secrets', [
        {
          apiGroups: [''],
          resources: ['pods', 'replicationcontrollers', 'serviceaccounts', 'secrets'],
          verbs: ['get'],
        },
        {
          apiGroups: ['apps'],
          resources: ['deployments', 'statefulsets', 'daemonsets', 'replicasets'],
          verbs: ['get'],
        },
        { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['get'] },
      ]),
    ],
    'viewer_role.yaml': [
      clusterRole(
        'tallyman-viewer',
        [{ apiGroups: [GROUP], resources: plurals, verbs: ['get', 'list', 'watch'] }],
        { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' },
      ),
    ],
    'editor_role.yaml': [
      clusterRole(
        'tallyman-editor',
        [
          {
            apiGroups: [GROUP],
            resources: plurals,
            verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
          },
        ],
        {
          'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
          'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
        },
      ),
    ],
  }
}

function clusterRole(name: string, rules: object[], extraLabels: Record<string, string> = {}): object {
  return {
    apiVersion: API,
    kind: 'ClusterRole',
    metadata: { name, labels: { ...labels, ...extraLabels } },
    rules,
  }
}

function binding(
  kind: 'ClusterRoleBinding' | 'RoleBinding',
  name: string,
  roleKind: string,
  namespace?: string,
): object {
  return {
    apiVersion: API,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: roleKind, name },
    subjects,
  }
}
