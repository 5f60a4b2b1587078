import type { ErrorEntry } from '#catalogue/error-entry.ts'

/** What a registry answers, or what of its content is not as it should be. */
export const REGISTRY_ERRORS = {
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
} as const satisfies Record<string, ErrorEntry>
