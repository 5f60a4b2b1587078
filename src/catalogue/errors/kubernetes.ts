import type { ErrorEntry } from '#catalogue/error-entry.ts'

/** What an API server answers, or what is not known of a cluster. */
export const KUBERNETES_ERRORS = {
  KUBE_CONFIG_INVALID: {
    kind: 'invalid',
    retry: 'never',
    means: 'No usable kubeconfig, and not running in a cluster.',
    remedy:
      'Set KUBECONFIG, or name a file and context that exist. For a cluster of an ImageInventory: correct the kubeconfig in its Secret.',
  },
  KUBE_UNREACHABLE: {
    kind: 'unreachable',
    retry: 'backoff',
    means: 'The API server cannot be reached, or the connection broke.',
    remedy: 'Check the address in the kubeconfig, network policies and whether the API server runs.',
  },
  KUBE_TIMEOUT: {
    kind: 'unreachable',
    retry: 'backoff',
    means: 'The API server did not answer in time.',
    remedy: 'Check the load of the API server.',
  },
  KUBE_UNAUTHORIZED: {
    kind: 'denied',
    retry: 'backoff',
    means: 'The API server does not accept our token or certificate.',
    remedy: 'Renew the credentials in the kubeconfig.',
  },
  KUBE_FORBIDDEN: {
    kind: 'denied',
    retry: 'backoff',
    means: 'RBAC does not allow this request.',
    remedy: 'Apply config/rbac, or grant the verb that the message names.',
  },
  KUBE_NOT_FOUND: {
    kind: 'absent',
    retry: 'backoff',
    means: 'The object, or its kind, does not exist in the cluster.',
    remedy: 'Apply the object or the CRDs.',
  },
  KUBE_CONFLICT: {
    kind: 'conflict',
    retry: 'backoff',
    means: 'The object was changed by somebody else since it was read.',
    remedy: 'None: it is read again and tried again.',
  },
  KUBE_INVALID: {
    kind: 'invalid',
    retry: 'backoff',
    means: 'The API server refused the object.',
    remedy: 'Apply config/crd of the version that runs; if that is done, report it.',
  },
  KUBE_EXPIRED: {
    kind: 'expired',
    retry: 'backoff',
    means: 'The resource version or continue token is too old (410).',
    remedy: 'None: the list is read again.',
  },
  KUBE_THROTTLED: {
    kind: 'throttled',
    retry: 'backoff',
    means: 'The API server answered 429.',
    remedy: 'None: it is tried again after the time that the server names.',
  },
  KUBE_SERVER_ERROR: {
    kind: 'unreachable',
    retry: 'backoff',
    means: 'The API server answered with a 5xx status.',
    remedy: 'Look into the log of the API server.',
  },
  KUBE_WATCH_BROKEN: {
    kind: 'unreachable',
    retry: 'backoff',
    means: 'A watch went silent, ended at once, or sent something that is no event.',
    remedy: 'None: the watch is resumed. If it recurs, look at proxies between operator and API server.',
  },
  KUBE_TOO_LARGE: {
    kind: 'invalid',
    retry: 'backoff',
    means: 'The API server sent more than an answer of this kind may hold.',
    remedy: 'Report it: answers are read in pages.',
  },
  BARRIER_NOT_REACHED: {
    kind: 'unreachable',
    retry: 'backoff',
    means: 'What is held of a cluster is not known to be complete for everything created until now.',
    remedy:
      'None: it is tried again, and nothing is deleted meanwhile. If it recurs, look at the API server and at proxies before it.',
  },
  INVENTORY_NOT_TRUSTED: {
    kind: 'invalid',
    retry: 'backoff',
    means: 'What an ImageInventory says is not good enough to delete by.',
    remedy:
      'Look at its condition Trusted, which says what a human has to decide; nothing is deleted meanwhile.',
  },
} as const satisfies Record<string, ErrorEntry>
