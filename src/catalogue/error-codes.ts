/**
 * What kind of fact an error states. Decisions branch on the kind or the code, never on a message.
 * `absent`, `denied`, `unreachable`, `damaged` and `unsupported` are kept apart because only the first and the fourth
 * say anything about an image (DESIGN principle 11).
 */
export type ErrorKind =
  | 'absent'
  | 'denied'
  | 'unreachable'
  | 'damaged'
  | 'unsupported'
  | 'throttled'
  | 'invalid'
  | 'conflict'
  | 'expired'
  | 'cancelled'
  | 'internal'

/** `backoff`: trying again later may help. `never`: it fails the same way until somebody changes something. */
export type Retry = 'backoff' | 'never'

export interface ErrorEntry {
  readonly kind: ErrorKind
  readonly retry: Retry
  /** One sentence for the documentation: what happened. */
  readonly means: string
  /** One sentence for the user: what to do. */
  readonly remedy: string
}

/** Every error code of the product. A code is API: it is never renamed and never given another meaning. */
export const ERROR_CODES = {
  // ── registry ────────────────────────────────────────────────────────────────
  REGISTRY_ABSENT: {
    kind: 'absent',
    retry: 'never',
    means: 'The registry says that the repository, tag, manifest or blob does not exist.',
    remedy: 'Push it again, or correct the reference.',
  },
  REGISTRY_UNAUTHORIZED: {
    kind: 'denied',
    retry: 'backoff',
    means: 'The registry or its token server refused the credentials, or asked for some and none are set.',
    remedy: 'Set or correct the Secret that spec.credentials names.',
  },
  REGISTRY_FORBIDDEN: {
    kind: 'denied',
    retry: 'never',
    means: 'The credentials are valid, but may not do this.',
    remedy: 'Grant the account the right that the message names.',
  },
  REGISTRY_REALM_UNTRUSTED: {
    kind: 'denied',
    retry: 'never',
    means:
      'The registry points to a token server that credentials are not sent to: another scheme, or a private address.',
    remedy: 'If the token server is yours, list its origin in spec.auth.trustedRealms.',
  },
  REGISTRY_UNREACHABLE: {
    kind: 'unreachable',
    retry: 'backoff',
    means:
      'No connection, or it broke: name resolution, refused, reset, closed before the answer was complete.',
    remedy: 'Check spec.url, DNS, network policies and whether the registry runs.',
  },
  REGISTRY_TIMEOUT: {
    kind: 'unreachable',
    retry: 'backoff',
    means: 'The registry answered too slowly, or not at all.',
    remedy: 'Check the load of the registry; lower spec.limits if we cause it.',
  },
  REGISTRY_TLS_UNTRUSTED: {
    kind: 'unreachable',
    retry: 'backoff',
    means:
      'The certificate of the registry is not signed by a known authority, has expired, or is for another name.',
    remedy: 'Put the issuing CA into a Secret or ConfigMap and name it in spec.caRef.',
  },
  REGISTRY_NOT_TLS: {
    kind: 'unreachable',
    retry: 'backoff',
    means: 'The port answers, but does not speak TLS.',
    remedy: 'Write http:// in spec.url, or the port that speaks TLS.',
  },
  REGISTRY_SERVER_ERROR: {
    kind: 'unreachable',
    retry: 'backoff',
    means: 'The registry answered with a 5xx status, also when asked again.',
    remedy: 'Look into the log of the registry.',
  },
  REGISTRY_THROTTLED: {
    kind: 'throttled',
    retry: 'backoff',
    means: 'The registry answered 429 for longer than we wait.',
    remedy: 'Lower spec.limits.requestsPerSecond, or raise the quota of the account.',
  },
  REGISTRY_NOT_A_REGISTRY: {
    kind: 'unsupported',
    retry: 'backoff',
    means: 'Something answers at this address that does not speak the distribution API.',
    remedy: 'Check host, port and path of spec.url.',
  },
  REGISTRY_UNSUPPORTED: {
    kind: 'unsupported',
    retry: 'never',
    means: 'The registry does not offer this operation.',
    remedy: 'See the table of products in the documentation for what this one offers.',
  },
  REGISTRY_MEDIA_TYPE: {
    kind: 'unsupported',
    retry: 'never',
    means: 'The manifest is of a kind that cannot be checked (schema 1, or unknown).',
    remedy: 'Push the image again with a current tool.',
  },
  REGISTRY_DIGEST_MISMATCH: {
    kind: 'damaged',
    retry: 'never',
    means: 'The bytes that the registry sent do not have the digest that was asked for.',
    remedy: 'Restore the content from a backup or push the image again after deleting the damaged blob.',
  },
  REGISTRY_SIZE_MISMATCH: {
    kind: 'damaged',
    retry: 'never',
    means: 'The content in the registry is shorter or longer than its descriptor says.',
    remedy: 'Delete the damaged blob in the registry and push the image again.',
  },
  REGISTRY_TRUNCATED: {
    kind: 'damaged',
    retry: 'never',
    means: 'The registry promised content and ended before it was complete, also when asked again.',
    remedy: 'Look for missing or short files in the storage of the registry; push the image again.',
  },
  REGISTRY_MANIFEST_INVALID: {
    kind: 'damaged',
    retry: 'never',
    means: 'The manifest or config is not valid JSON, or lacks what its media type demands.',
    remedy: 'Push the image again.',
  },
  REGISTRY_TOO_LARGE: {
    kind: 'damaged',
    retry: 'never',
    means:
      'The registry sent more than a manifest, listing or error may hold; reading was stopped at the limit.',
    remedy: 'No runtime accepts such a manifest: delete the tag, or look into what answers at this address.',
  },
  REGISTRY_PAGINATION: {
    kind: 'unsupported',
    retry: 'backoff',
    means: 'The pages of a listing repeat themselves or do not end.',
    remedy: 'Look into the registry or the proxy in front of it; nothing is concluded from the listing.',
  },
  REGISTRY_REDIRECT: {
    kind: 'unsupported',
    retry: 'backoff',
    means: 'A redirect leads to another scheme or a private address, goes in circles, or has no target.',
    remedy: 'Correct the public address of the registry or of its storage.',
  },
  REGISTRY_UPLOAD_LOST: {
    kind: 'conflict',
    retry: 'backoff',
    means: 'The registry no longer knows the upload session.',
    remedy: 'Set the same http.secret on all replicas of the registry.',
  },
  RESTORE_IMPOSSIBLE: {
    kind: 'damaged',
    retry: 'backoff',
    means:
      'The registry took the content again and still serves damaged bytes: it keeps the file that it has.',
    remedy:
      "Remove the damaged file from the registry's storage (docs/registrycheck.md, Repair); the next run copies it back.",
  },
  // ── deleting ────────────────────────────────────────────────────────────────
  DELETE_UNSAFE: {
    kind: 'unsupported',
    retry: 'backoff',
    means:
      'A DELETE was cut off, or took longer than what lies before the registry lets a request take; nothing more is deleted in this repository.',
    remedy:
      'Raise the time limit of the proxy or ingress before the registry, or name an address in spec.url that leads past it.',
  },
  DELETE_UNSUPPORTED: {
    kind: 'unsupported',
    retry: 'backoff',
    means:
      'The registry does not delete what is to go: deleting is switched off, it is read-only, or the product has no such request.',
    remedy:
      'Switch deleting on (distribution: storage.delete.enabled: true) or its maintenance mode off; docs/deleting.md says what each product can.',
  },
  DELETE_UNSETTLED: {
    kind: 'conflict',
    retry: 'backoff',
    means:
      'The tags of a repository are not known for certain: two listings disagree, or a tag is listed and names nothing; nothing is deleted in it meanwhile.',
    remedy:
      'None where it is pushed to: it is tried again. A tag that goes on naming nothing has to be pushed again or removed in the registry.',
  },
  DELETE_TOOK_TAG: {
    kind: 'conflict',
    retry: 'backoff',
    means:
      'A tag that nobody wanted to remove was gone after a request of ours, because somebody had just moved it; it was put back, and the run stopped.',
    remedy: 'Look whether the tag that the message names is as it should be; the next run goes on.',
  },
  UNTAG_UNSUPPORTED: {
    kind: 'unsupported',
    retry: 'never',
    means:
      'The registry cannot delete a tag without its manifest, so that tags stay whose digest has another tag that stays.',
    remedy:
      'Set spec.deletion.placeholder: Allowed in the Registry, if a test showed that the product deletes a manifest by digest together with its tags and nothing else.',
  },
  NOT_RESTORABLE: {
    kind: 'damaged',
    retry: 'never',
    means:
      'Content of something that was to go is missing already, so that no complete copy of it can be kept.',
    remedy: 'Push it again, or set spec.evictDamaged: true to let go of it for good.',
  },
  WORKSPACE_REQUIRED: {
    kind: 'invalid',
    retry: 'backoff',
    means: 'A policy that deletes needs a workspace: what is about to go is written there first.',
    remedy: 'Set spec.workspace of the Registry, and spec.credentials.push; or mode: DryRun.',
  },
  EVICTION_HARMED: {
    kind: 'damaged',
    retry: 'backoff',
    means:
      'Something that stays was whole before a run and is not any more; what the run took from its repository was brought back, and the run stopped.',
    remedy:
      'Look what else deletes in this registry or collects its garbage, and pull the images that the message names, before the policy goes on.',
  },
  EVICTION_WINDOW_ENDED: {
    kind: 'cancelled',
    retry: 'backoff',
    means: 'The run has gone on for as long as spec.maxDuration lets it.',
    remedy: 'None: what is left goes in the next run. Raise spec.maxDuration if that is too little.',
  },
  EVICTION_SUSPENDED: {
    kind: 'cancelled',
    retry: 'backoff',
    means:
      'The policy was suspended, set to DryRun, held or deleted, or its Registry was changed, while its run went on, and the run stopped between two requests.',
    remedy: 'None, if that is meant. Otherwise undo it: what is left goes on by a plan made then.',
  },
  CLAIM_FOREIGN: {
    kind: 'conflict',
    retry: 'backoff',
    means:
      'Another installation of Tallyman has claimed the registry and does not say freshly, completely and credibly what it uses, so that nothing may be deleted there.',
    remedy:
      'Look why its operator does not write its claim, or has an inventory that is not synced or not trusted. If it is gone for good, delete its tag (docs/deleting.md, Who else uses the registry).',
  },
  CLAIM_SECOND_OPERATOR: {
    kind: 'conflict',
    retry: 'backoff',
    means: 'Another operator of the same cluster, or of a copy of it, claims the registry too.',
    remedy:
      'Stop one of the two. If the other is gone for good, delete its tag (docs/deleting.md, Who else uses the registry).',
  },
  CLAIM_LOST: {
    kind: 'conflict',
    retry: 'backoff',
    means: 'The claim on the registry is not held: it was just written, or could not be looked at lately.',
    remedy:
      'None after a start of the operator: it is held a minute later. Otherwise look whether the registry answers and whether credentials.push may write to the repository that the message names.',
  },
  RESTORE_CONTENT_GONE: {
    kind: 'absent',
    retry: 'never',
    means:
      'What was deleted cannot be brought back: the registry no longer has its content, because its garbage collection has run.',
    remedy: 'Push the image again, or copy it back from another registry.',
  },
  RESTORE_UNSETTLED: {
    kind: 'conflict',
    retry: 'backoff',
    means:
      'A run was interrupted in the middle of something in the repository, and a DELETE of it may still go on: what is brought back now could go again.',
    remedy:
      'Who began it finishes it: the policy with its next run, tallyman rm when it is called again. Where neither will, give --unsettled.',
  },
  TRASH_UNUSABLE: {
    kind: 'unsupported',
    retry: 'backoff',
    means:
      'An image that is whole could not be copied into the trash so that the copy is whole, too; nothing goes without one.',
    remedy:
      'Look whether the account of credentials.push may push below the prefix of the workspace, and what the message says the registry answered.',
  },
  JOURNAL_INVALID: {
    kind: 'damaged',
    retry: 'never',
    means: 'What lies in the workspace as the journal of an eviction is none, or one of another version.',
    remedy:
      'Look who else writes below the prefix of the workspace; nothing is deleted where it cannot be read.',
  },
  // ── workspace ───────────────────────────────────────────────────────────────
  REPORT_INVALID: {
    kind: 'invalid',
    retry: 'never',
    means: 'What is kept in a workspace as a report or a plan is none, or one of another version.',
    remedy: 'Nothing has to be done: the next run keeps a new one.',
  },
  MEMORY_INVALID: {
    kind: 'damaged',
    retry: 'never',
    means:
      'What lies in the workspace as the memory or the record of a RegistryPolicy is none, or one of another version.',
    remedy:
      'Look who else writes below the prefix of the workspace. Without the memory everything counts as new; without the record nothing is carried out. Who knows that no approved plan can be carried out twice deletes the record, and a new one begins.',
  },
  // ── Kubernetes ──────────────────────────────────────────────────────────────
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
  // ── our own ─────────────────────────────────────────────────────────────────
  SPEC_INVALID: {
    kind: 'invalid',
    retry: 'never',
    means: 'A field of the spec cannot be carried out as written.',
    remedy: 'Correct the field that the message names.',
  },
  REFERENCE_NOT_FOUND: {
    kind: 'absent',
    retry: 'backoff',
    means: 'An object that the spec refers to does not exist in the same namespace.',
    remedy: 'Create it, or correct the name.',
  },
  SECRET_NOT_FOUND: {
    kind: 'absent',
    retry: 'backoff',
    means: 'A Secret or ConfigMap that the spec names does not exist, or lacks the key.',
    remedy: 'Create it in the same namespace.',
  },
  SECRET_FORBIDDEN: {
    kind: 'denied',
    retry: 'backoff',
    means: 'The operator may not read Secrets in this namespace.',
    remedy: 'Bind the ClusterRole tallyman-credentials in this namespace; the message holds the command.',
  },
  SECRET_INVALID: {
    kind: 'invalid',
    retry: 'backoff',
    means: 'The Secret is of a type or shape that holds no usable credentials or certificate.',
    remedy: 'Use type kubernetes.io/dockerconfigjson or kubernetes.io/basic-auth; a CA is PEM.',
  },
  LOCAL_FILE_INVALID: {
    kind: 'invalid',
    retry: 'never',
    means:
      'A file that an option or the environment of a command names cannot be read, or is not what it should be.',
    remedy: 'Correct the file, or name another one.',
  },
  CREDENTIAL_HELPER_MISSING: {
    kind: 'invalid',
    retry: 'never',
    means:
      'A docker config says that another program holds the credentials, and that program is not installed.',
    remedy: 'Install it, or give --username and --password-stdin, or --anonymous where no login is needed.',
  },
  CREDENTIAL_HELPER_FAILED: {
    kind: 'invalid',
    retry: 'never',
    means: 'The program that holds the credentials did not give them.',
    remedy: 'Run the command that the message names to see why, or give --username and --password-stdin.',
  },
  LEDGER_UNREADABLE: {
    kind: 'damaged',
    retry: 'never',
    means: 'A part of the ledger, the memory of which images were in use, is missing or cannot be read.',
    remedy: 'None is needed: what is left is kept, and coverage starts anew, so that age-of-use rules wait.',
  },
  LEADERSHIP_LOST: {
    kind: 'cancelled',
    retry: 'backoff',
    means: 'This process no longer holds the Lease, so it writes nothing.',
    remedy: 'None: the other replica goes on.',
  },
  TIMED_OUT: {
    kind: 'unreachable',
    retry: 'backoff',
    means: 'A step took longer than it may.',
    remedy: 'None: it is tried again; the status keeps what is known.',
  },
  CANCELLED: {
    kind: 'cancelled',
    retry: 'backoff',
    means: 'The work was stopped, because the process ends or the object changed.',
    remedy: 'None.',
  },
  INTERNAL: {
    kind: 'internal',
    retry: 'backoff',
    means: 'A defect in Tallyman: an error that no code names.',
    remedy: 'Report it with the log line.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERROR_CODES
