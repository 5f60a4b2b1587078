import type { ErrorEntry } from '#catalogue/error-entry.ts'

/** What keeps something from being deleted or brought back. */
export const DELETING_ERRORS = {
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
      'The tags of a repository are not known for certain: two looks disagree, because somebody pushes or another process deletes, a tag is listed and names nothing, or a placeholder, or one is missing that somebody else may have deleted; nothing is deleted in it meanwhile.',
    remedy:
      'None where somebody pushes or deletes: it is tried again. A tag that goes on naming nothing, or names a placeholder, has to be pushed again or removed in the registry. One that is missing and should not be has to be pushed again; what it may have named is there by its digest.',
  },
  DELETE_TOOK_TAG: {
    kind: 'conflict',
    retry: 'backoff',
    means:
      'A tag that nobody wanted to remove was gone after a request of ours, because somebody had just moved it; it was put back, where the message does not say otherwise, and the run stopped.',
    remedy:
      'Look whether the tag that the message names is as it should be, and push it again where it is not; the next run goes on.',
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
    remedy:
      'None: the run goes on in the next window of spec.schedule, with spec.interval after a pause. Raise spec.maxDuration if that is too little.',
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
  JOURNAL_LOST: {
    kind: 'damaged',
    retry: 'backoff',
    means:
      'The journal of a run that is, or was, in the workspace is not there, or is an older state of itself. It is not begun anew: what it told of could not be brought back any more.',
    remedy:
      'Look whether the registry of the workspace has its disk, is behind, or was restored from a backup; if that passes, nothing has to be done. Otherwise tag the manifest that the message names, or bring it back from a backup. Where nothing that the run took is needed any more, delete the tag (docs/deleting.md, The journal).',
  },
  JOURNAL_CONFLICT: {
    kind: 'conflict',
    retry: 'backoff',
    means:
      'The journal of a run is another one than when it was last read or written: another process has continued it, or it was hidden. Nothing is written over it.',
    remedy:
      'None where another process has just taken over: what is left goes on by what is there now. Otherwise look who else writes below the prefix of the workspace.',
  },
} as const satisfies Record<string, ErrorEntry>
