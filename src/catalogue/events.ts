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
} as const satisfies Record<string, { type: 'Normal' | 'Warning'; action: string; means: string }>

export type EventReason = keyof typeof EVENT_REASONS
