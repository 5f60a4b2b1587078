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
  RECORD_CONFLICT: {
    kind: 'conflict',
    retry: 'backoff',
    means:
      'The record in the workspace of what a RegistryPolicy has done is another one than this process has read or written last, or does not know of the run that status.run tells of: another cluster has a policy of the same name there, or the registry shows an older state. It is not written over, and nothing of the policy goes.',
    remedy:
      'Let each cluster have a workspace of its own (spec.workspace.prefix of the Registry), let that be what it was, and let its registry show what it has (a replica that is behind, a backup). Where the record is lost for good, create the RegistryPolicy anew: `tallyman restore` knows what is left of its runs. Where another record is the right one, start the operator anew.',
  },
} as const satisfies Record<string, ErrorEntry>
