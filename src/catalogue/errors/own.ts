import type { ErrorEntry } from '#catalogue/error-entry.ts'

/** What is wrong with a spec, a command or what they name, or with Tallyman itself. */
export const OWN_ERRORS = {
  SPEC_INVALID: {
    kind: 'invalid',
    retry: 'never',
    means: 'A field of the spec cannot be carried out as written.',
    remedy: 'Correct the field that the message names.',
  },
  POLICY_CONFLICT: {
    kind: 'conflict',
    retry: 'never',
    means: 'Two RegistryPolicies may delete from the same repositories, so that neither does (S01).',
    remedy: 'Change one of the two as the message says.',
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
