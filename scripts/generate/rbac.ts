import { KINDS } from '#crds/index.ts'
import { GROUP } from '#crds/meta.ts'

const API = 'rbac.authorization.k8s.io/v1'
const labels = { 'app.kubernetes.io/name': 'tallyman' }
export const NAMESPACE = 'tallyman-system'
const SERVICE_ACCOUNT = 'tallyman'
const subjects = [{ kind: 'ServiceAccount', name: SERVICE_ACCOUNT, namespace: NAMESPACE }]
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
        { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['list', 'watch'] },
        { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
      ]),
      binding('ClusterRoleBinding', 'tallyman-operator', 'ClusterRole'),
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
