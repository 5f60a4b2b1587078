import type { ErrorEntry } from '#catalogue/error-entry.ts'

/** What is kept in a workspace and cannot be read. */
export const WORKSPACE_ERRORS = {
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
      'What lies in the workspace as the memory or the record of a RegistryPolicy is none, or one of another version, or the record is gone that was there before.',
    remedy:
      'Look who else writes below the prefix of the workspace, and whether its registry has its disk. Without the memory everything counts as new; without the record nothing is carried out. Who knows that no approved plan can be carried out twice deletes the record, and a new one begins; an operator that has read the one before misses it until it is started again.',
  },
} as const satisfies Record<string, ErrorEntry>
