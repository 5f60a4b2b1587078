/** Condition types. The first three follow kstatus and speak about the spec; the others are verdicts about the world (S25). */
export const CONDITION_TYPES = {
  Ready: 'The spec is understood and can be worked on.',
  Reconciling: 'Work towards the current spec goes on, or is being tried again. Absent when there is none.',
  Stalled: 'Only a change of the spec can help. Absent otherwise.',
  Reachable: 'Registry: it answered the last probe with the given credentials.',
  WorkspaceReady:
    'Registry: the last report that a check kept, or tried to keep, in its workspace is there. Absent until one has tried.',
  Synced: 'ImageInventory: every required cluster is listed completely and watched live.',
  Trusted: 'ImageInventory: the list is not only complete but good enough to delete by (S02, S05).',
  PlanReady:
    'RegistryPolicy: there is a plan of what is there now. False: something stands against carrying it out. Unknown: none could be made.',
  Healthy: 'RegistryCheck: every image in scope can be pulled. Unknown when that could not be seen.',
} as const

export type ConditionType = keyof typeof CONDITION_TYPES

/** Every condition reason, with the types it may stand on and one sentence for the documentation. */
export const CONDITION_REASONS = {
  // ── Ready, Reconciling, Stalled ──
  Succeeded: { on: ['Ready'], means: 'The last reconciliation did all it had to.' },
  Progressing: { on: ['Ready', 'Reconciling'], means: 'A new or changed spec is being worked on.' },
  ProgressingWithRetry: {
    on: ['Reconciling'],
    means: 'The last try failed for a reason that may pass; it is tried again.',
  },
  SpecInvalid: {
    on: ['Ready', 'Stalled'],
    means: 'A field cannot be carried out as written; the message names it.',
  },
  RegistryNotFound: {
    on: ['Ready', 'Healthy', 'PlanReady'],
    means: 'spec.registryRef names no Registry in this namespace.',
  },
  InventoryNotFound: {
    on: ['Ready', 'Healthy', 'PlanReady'],
    means: 'spec.inventoryRef names no ImageInventory in this namespace.',
  },
  SecretNotFound: {
    on: ['Ready', 'Reachable', 'Healthy', 'PlanReady'],
    means: 'A Secret or ConfigMap that the spec names is missing, or lacks the key.',
  },
  SecretForbidden: {
    on: ['Ready', 'Reachable', 'Healthy', 'PlanReady'],
    means: 'The operator may not read Secrets in this namespace.',
  },
  SecretInvalid: {
    on: ['Ready', 'Reachable', 'Healthy', 'PlanReady'],
    means: 'The Secret holds no usable credentials or certificate.',
  },
  Unauthorized: {
    on: ['Ready', 'Reachable', 'Healthy', 'PlanReady'],
    means: 'The registry refuses the credentials.',
  },
  RealmUntrusted: {
    on: ['Ready', 'Reachable', 'Healthy', 'PlanReady'],
    means: 'Credentials are not sent to the token server that the registry names.',
  },
  Unreachable: { on: ['Ready', 'Reachable'], means: 'No connection to the registry, or it broke.' },
  Timeout: { on: ['Ready', 'Reachable'], means: 'The registry did not answer in time.' },
  TLSUntrusted: {
    on: ['Ready', 'Reachable', 'Healthy', 'PlanReady'],
    means: 'The certificate of the registry cannot be verified.',
  },
  NotTLS: { on: ['Ready', 'Reachable'], means: 'The port does not speak TLS.' },
  ServerError: { on: ['Ready', 'Reachable'], means: 'The registry answers with 5xx.' },
  Throttled: { on: ['Ready', 'Reachable'], means: 'The registry answers 429 for longer than we wait.' },
  NotARegistry: { on: ['Ready', 'Reachable'], means: 'What answers there is no registry.' },
  // ── verdicts ──
  Answered: { on: ['Reachable'], means: 'The registry answered the probe.' },
  ReportKept: { on: ['WorkspaceReady'], means: 'The last report is kept.' },
  ReportNotKept: {
    on: ['WorkspaceReady'],
    means: 'A report cannot be kept; the message says of which check, and why.',
  },
  AllSynced: { on: ['Synced'], means: 'Every cluster is listed and watched.' },
  WatchBroken: {
    on: ['Synced'],
    means: 'A cluster is not listed completely or not watched at the moment; the message says why.',
  },
  ClusterUnreachable: {
    on: ['Synced'],
    means: 'A required cluster is not reached: its Secret, its address or its credentials.',
  },
  SourceForbidden: { on: ['Synced'], means: 'The operator may not read everything that it has to watch.' },
  SourceNotInstalled: { on: ['Synced'], means: 'A cluster has no such kind as a source names.' },
  AllTrusted: { on: ['Trusted'], means: 'Nothing speaks against deleting by this list.' },
  LedgerNotLoaded: { on: ['Trusted'], means: 'What was in use lately has not been read yet.' },
  IdentityUnverified: {
    on: ['Trusted'],
    means: 'A cluster has not said who it is since its watches were opened last.',
  },
  IdentityChanged: {
    on: ['Synced', 'Trusted'],
    means: 'Another cluster answers than the one that was adopted, or than the spec pins.',
  },
  DuplicateCluster: { on: ['Synced', 'Trusted'], means: 'Two entries reach the same cluster.' },
  BelowFloor: { on: ['Trusted'], means: 'A cluster shows fewer images in use than its floor.' },
  Shrunk: { on: ['Trusted'], means: 'A cluster shows far fewer images in use than before.' },
  ClockSkew: {
    on: ['Trusted'],
    means: 'The clocks of operator and API server differ by more than two minutes.',
  },
  PinsUnreadable: {
    on: ['Trusted'],
    means: 'A ConfigMap with pins is missing or holds a line that says nothing.',
  },
  PolicyConflict: {
    on: ['Ready', 'Stalled'],
    means: 'Another RegistryPolicy may delete in the same repositories; neither does (S01).',
  },
  RetainsTooLittle: {
    on: ['Ready', 'Stalled'],
    means: 'A rule asks for use within a longer time than the inventory remembers (S02).',
  },
  PullThrough: {
    on: ['Ready', 'Stalled'],
    means: 'The Registry is a pull-through cache: what it has is no decision of ours (S23).',
  },
  Planned: { on: ['PlanReady'], means: 'The plan is made, and nothing stands against it.' },
  PlanBlocked: {
    on: ['PlanReady'],
    means: 'The plan is made, and something stands against carrying it out: status.blocks says what.',
  },
  Held: {
    on: ['PlanReady'],
    means:
      'Something that the policy had evicted came into use (S04), or a run harmed what was to stay; nothing more goes until a human has looked.',
  },
  NotPlannedYet: { on: ['PlanReady'], means: 'No plan was made with this spec yet.' },
  AllHealthy: { on: ['Healthy'], means: 'Every image in scope was seen to be complete.' },
  ProblemsFound: {
    on: ['Healthy'],
    means: 'At least one image in use cannot be pulled, or not on every platform in use.',
  },
  NotCheckedYet: { on: ['Healthy'], means: 'No run has ended yet.' },
  RegistryUnreachable: {
    on: ['Healthy', 'PlanReady'],
    means: 'The registry is down, or what answers is no registry: nothing can be said about its images.',
  },
  InventoryNotSynced: {
    on: ['Healthy', 'Trusted', 'PlanReady'],
    means: 'Which images are in use is not known completely.',
  },
  NothingMatched: {
    on: ['Healthy'],
    means:
      'No image in scope belongs to this registry. A wrong spec.url, alias or spec.select looks the same.',
  },
  CoverageTooLow: { on: ['Healthy'], means: 'Less than 95 % of the images in scope could be examined.' },
  OutdatedReport: { on: ['Healthy'], means: 'The last complete run is older than two intervals.' },
} as const satisfies Record<string, { on: readonly ConditionType[]; means: string }>

export type ConditionReason = keyof typeof CONDITION_REASONS
