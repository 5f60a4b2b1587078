/** Every event reason. Events are written on transitions only, never per image. */
export const EVENT_REASONS = {
  RegistryReachable: {
    type: 'Normal',
    action: 'Probe',
    means: 'A Registry answers, for the first time or again.',
  },
  RegistryUnreachable: {
    type: 'Warning',
    action: 'Probe',
    means: 'A Registry stopped answering, or refuses the credentials.',
  },
  InventorySynced: {
    type: 'Normal',
    action: 'Watch',
    means: 'An ImageInventory is complete, for the first time or again.',
  },
  InventoryNotSynced: { type: 'Warning', action: 'Watch', means: 'An ImageInventory is no longer complete.' },
  InventoryTrusted: {
    type: 'Normal',
    action: 'Watch',
    means: 'An ImageInventory is good enough to delete by, for the first time or again.',
  },
  InventoryNotTrusted: {
    type: 'Warning',
    action: 'Watch',
    means: 'An ImageInventory is complete, and something speaks against deleting by it.',
  },
  ProblemsFound: {
    type: 'Warning',
    action: 'Check',
    means: 'A RegistryCheck has findings that it did not have before.',
  },
  ProblemsResolved: {
    type: 'Normal',
    action: 'Check',
    means: 'A RegistryCheck lost findings that it had before.',
  },
  ImagesRepaired: {
    type: 'Normal',
    action: 'Repair',
    means: 'spec.repair of a RegistryCheck has copied images back.',
  },
  RepairFailed: {
    type: 'Warning',
    action: 'Repair',
    means: 'spec.repair of a RegistryCheck could not bring back some images; told when that changes.',
  },
  ReportNotKept: {
    type: 'Warning',
    action: 'Report',
    means:
      'The report of a RegistryCheck cannot be kept in the workspace; told when that begins, or for another cause.',
  },
  ReportKept: {
    type: 'Normal',
    action: 'Report',
    means: 'The report of a RegistryCheck is kept again.',
  },
  PlanMade: {
    type: 'Normal',
    action: 'Plan',
    means:
      'A RegistryPolicy has another plan than before: other tags go, or something stands against it no more.',
  },
  PlanBlocked: {
    type: 'Warning',
    action: 'Plan',
    means:
      'Something stands against carrying out the plan of a RegistryPolicy; told when that begins, or for another cause.',
  },
  PlanUnknown: {
    type: 'Warning',
    action: 'Plan',
    means: 'A RegistryPolicy can make no plan at the moment; the last one is kept.',
  },
  RulesUnmatched: {
    type: 'Warning',
    action: 'Plan',
    means:
      'Rules of a RegistryPolicy match no repository of the registry, so that the rules after them decide; told once of each, when that begins.',
  },
  RulesShadowed: {
    type: 'Warning',
    action: 'Plan',
    means:
      'Rules of a RegistryPolicy decide about nothing, because rules before them match all that they do; told once of each, when that begins.',
  },
  UntaggedInUse: {
    type: 'Warning',
    action: 'Plan',
    means:
      'A RegistryPolicy found digests in use that no tag names any more: the registry may remove them (S14); told of each that is new among the first ten.',
  },
  LostOutside: {
    type: 'Warning',
    action: 'Plan',
    means:
      'Tags that had to stay are gone since the plan before, and the RegistryPolicy did not remove them: somebody did, or a retention of the product itself (S14).',
  },
  PlanNotKept: {
    type: 'Warning',
    action: 'Report',
    means:
      'The plan of a RegistryPolicy cannot be kept in the workspace; told when that begins, or for another cause.',
  },
  ApprovalVoid: {
    type: 'Warning',
    action: 'Evict',
    means:
      'spec.approvedPlan of a RegistryPolicy leads to nothing: no such plan is kept, it is too old, or nothing goes by it; told of each plan whenever that begins, also after it could not be told whether the plan was carried out.',
  },
  HoldNotReleased: {
    type: 'Warning',
    action: 'Evict',
    means:
      'spec.releaseHold of a RegistryPolicy is not the token of the hold that stands; told once of each text.',
  },
  EvictionStarted: { type: 'Normal', action: 'Evict', means: 'A RegistryPolicy begins to carry out a plan.' },
  EvictionEnded: { type: 'Normal', action: 'Evict', means: 'A RegistryPolicy has carried out a plan.' },
  EvictionStopped: {
    type: 'Warning',
    action: 'Evict',
    means:
      'A RegistryPolicy stopped before its plan was carried out; what is left is settled by the next run.',
  },
  EvictedInUse: {
    type: 'Warning',
    action: 'Restore',
    means:
      'What a RegistryPolicy had evicted came into use and was brought back; nothing more goes until a human has looked (S04).',
  },
  RestoreFailed: {
    type: 'Warning',
    action: 'Restore',
    means:
      'What a RegistryPolicy had evicted is in use, or asked for in spec.restore, and could not be brought back; it is tried again. Told when that begins, or for another cause.',
  },
  NothingToRestore: {
    type: 'Warning',
    action: 'Restore',
    means:
      'An entry of spec.restore speaks of nothing that the RegistryPolicy is known to have evicted, nor of tags that are there; told once of each, when that begins.',
  },
  HealthUnknown: {
    type: 'Warning',
    action: 'Check',
    means: 'A RegistryCheck can no longer say whether images are healthy.',
  },
  HealthKnown: {
    type: 'Normal',
    action: 'Check',
    means: 'A RegistryCheck can say again whether images are healthy, and its findings are those of before.',
  },
  SpecInvalid: { type: 'Warning', action: 'Validate', means: 'A spec cannot be carried out as written.' },
  PolicyConflict: {
    type: 'Warning',
    action: 'Validate',
    means:
      'Another RegistryPolicy may delete from the same repositories: neither does; the note says which one, and what to change (S01).',
  },
  RetainsTooLittle: {
    type: 'Warning',
    action: 'Validate',
    means: 'A rule of a RegistryPolicy asks for use within a longer time than an ImageInventory remembers.',
  },
  PullThrough: {
    type: 'Warning',
    action: 'Validate',
    means: 'The Registry of a RegistryPolicy is a pull-through cache: nothing is deleted there.',
  },
} as const satisfies Record<string, { type: 'Normal' | 'Warning'; action: string; means: string }>

export type EventReason = keyof typeof EVENT_REASONS

/** Of these each note is an event of its own: it names a run or an image. Of the others the first note of a series stands for all. */
export const TOLD_EACH: ReadonlySet<EventReason> = new Set([
  'PlanMade',
  'PlanBlocked',
  'ApprovalVoid',
  'HoldNotReleased',
  'EvictionStarted',
  'EvictionEnded',
  'EvictionStopped',
  'EvictedInUse',
  'RestoreFailed',
  'RulesUnmatched',
  'RulesShadowed',
  'UntaggedInUse',
  'LostOutside',
  'NothingToRestore',
])
