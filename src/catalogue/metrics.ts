/** Every metric. Names and labels are API. No label ever carries an image, a tag or a pod. */
export interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly means: string
  readonly buckets?: readonly number[]
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800] as const

export const METRICS = {
  // controller-runtime's names, so that its dashboards work
  controller_runtime_reconcile_total: {
    type: 'counter',
    labels: ['controller', 'result'],
    means: 'Reconciliations by result (success, error, requeue_after, cancelled).',
  },
  controller_runtime_reconcile_errors_total: {
    type: 'counter',
    labels: ['controller'],
    means: 'Reconciliations that ended in an error.',
  },
  controller_runtime_terminal_reconcile_errors_total: {
    type: 'counter',
    labels: ['controller'],
    means: 'Errors that are not tried again before the spec changes; they are among the errors too.',
  },
  controller_runtime_reconcile_panics_total: {
    type: 'counter',
    labels: ['controller'],
    means: 'Errors that no code names.',
  },
  controller_runtime_reconcile_timeouts_total: {
    type: 'counter',
    labels: ['controller'],
    means: 'Reconciliations ended by their time limit.',
  },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    labels: ['controller'],
    means: 'Duration of a reconciliation.',
    buckets: SECONDS,
  },
  controller_runtime_max_concurrent_reconciles: {
    type: 'gauge',
    labels: ['controller'],
    means: 'Workers of the controller.',
  },
  controller_runtime_active_workers: {
    type: 'gauge',
    labels: ['controller'],
    means: 'Workers that are busy.',
  },
  workqueue_depth: {
    type: 'gauge',
    labels: ['name', 'controller', 'priority'],
    means: 'Keys that wait for a worker.',
  },
  workqueue_adds_total: { type: 'counter', labels: ['name', 'controller'], means: 'Keys added.' },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    labels: ['name', 'controller'],
    means: 'How long a key waited.',
    buckets: SECONDS,
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    labels: ['name', 'controller'],
    means: 'How long a key was worked on.',
    buckets: SECONDS,
  },
  workqueue_unfinished_work_seconds: {
    type: 'gauge',
    labels: ['name', 'controller'],
    means: 'Seconds of work in progress, summed over workers.',
  },
  workqueue_longest_running_processor_seconds: {
    type: 'gauge',
    labels: ['name', 'controller'],
    means: 'Age of the longest work in progress.',
  },
  workqueue_retries_total: {
    type: 'counter',
    labels: ['name', 'controller'],
    means: 'Keys added again after an error.',
  },
  leader_election_master_status: { type: 'gauge', labels: ['name'], means: '1 on the replica that leads.' },
  leader_election_slowpath_total: {
    type: 'counter',
    labels: ['name'],
    means: 'Lease requests that had to read the Lease first.',
  },
  // ours
  tallyman_resource_condition: {
    type: 'gauge',
    labels: ['kind', 'namespace', 'name', 'type', 'status'],
    means: '1 for the status that the condition has.',
  },
  tallyman_resource_suspended: {
    type: 'gauge',
    labels: ['kind', 'namespace', 'name'],
    means: '1 while spec.suspend is true.',
  },
  tallyman_watch_restarts_total: {
    type: 'counter',
    labels: ['cluster', 'resource', 'reason'],
    means: 'Watches opened again, by reason.',
  },
  tallyman_watch_last_event_timestamp_seconds: {
    type: 'gauge',
    labels: ['cluster', 'resource'],
    means: 'When the last byte of a watch arrived.',
  },
  tallyman_watch_objects: {
    type: 'gauge',
    labels: ['cluster', 'resource'],
    means: 'Objects held from a watch.',
  },
  tallyman_watch_list_duration_seconds: {
    type: 'histogram',
    labels: ['cluster', 'resource'],
    means: 'Duration of a full list.',
    buckets: SECONDS,
  },
  tallyman_inventory_images: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'Distinct image references in use.',
  },
  tallyman_inventory_remembered_images: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'Image references that nothing uses now and that count because they were used lately (S02).',
  },
  tallyman_inventory_coverage_seconds: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'For how long every required cluster has been watched without a gap (S02).',
  },
  tallyman_inventory_barrier_age_seconds: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'Age of the last proof that everything created before it is held, as of the last look (S03).',
  },
  tallyman_inventory_cluster_synced: {
    type: 'gauge',
    labels: ['namespace', 'name', 'cluster'],
    means: '1 while the cluster is complete and live.',
  },
  tallyman_inventory_cluster_trusted: {
    type: 'gauge',
    labels: ['namespace', 'name', 'cluster'],
    means: '1 while nothing speaks against deleting by what the cluster shows (S05).',
  },
  tallyman_inventory_unmatched_images: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'Image references whose host no Registry of the namespace has (S22).',
  },
  tallyman_registry_requests_total: {
    type: 'counter',
    labels: ['host', 'method', 'code'],
    means: 'Requests to registries; code is the HTTP status, or the error code.',
  },
  tallyman_registry_request_duration_seconds: {
    type: 'histogram',
    labels: ['host', 'method'],
    means: 'Time to the complete answer.',
    buckets: SECONDS,
  },
  tallyman_policy_tags: {
    type: 'gauge',
    labels: ['namespace', 'name', 'action'],
    means: 'Tags by what the last plan of a RegistryPolicy says of them (keep, untag, evict).',
  },
  tallyman_policy_reclaimable_bytes: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'Bytes that nothing refers to any more once the last plan is carried out.',
  },
  tallyman_policy_plan_timestamp_seconds: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'When the registry was read for the last plan, seconds since the epoch.',
  },
  tallyman_policy_untagged_in_use: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'Digests in use that no tag named any more when the last plan was made (S14).',
  },
  tallyman_policy_lost_outside_timestamp_seconds: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means:
      'When a RegistryPolicy last missed tags that had to stay and that it had not removed, seconds since the epoch (S14). Absent: never.',
  },
  tallyman_policy_blocks: {
    type: 'gauge',
    labels: ['namespace', 'name', 'code'],
    means: 'What stands against carrying out the last plan: 1 for each code.',
  },
  tallyman_policy_run_left: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'Tags and manifests that the run under way still has to remove; 0: none is.',
  },
  tallyman_policy_removed: {
    type: 'gauge',
    labels: ['namespace', 'name', 'stage'],
    means: 'What the last run has removed, by stage (untagged: tags, swept: manifests).',
  },
  tallyman_policy_held: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means:
      '1: a RegistryPolicy took something that is needed, and deletes nothing more until a human has looked (S04). 0: it may.',
  },
  tallyman_policy_evicted_in_use: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means:
      'What a RegistryPolicy has evicted, is in use and is not back yet (S04): pods that start will not find it.',
  },
  tallyman_check_images: {
    type: 'gauge',
    labels: ['namespace', 'name', 'state'],
    means: 'Images of the last run by state (healthy, unhealthy, unknown).',
  },
  tallyman_check_findings: {
    type: 'gauge',
    labels: ['namespace', 'name', 'code', 'severity'],
    means: 'Findings of the last run.',
  },
  tallyman_check_image_info: {
    type: 'gauge',
    labels: ['namespace', 'name', 'image', 'code', 'severity'],
    means:
      'Always 1: a finding of the last run, where spec.imageMetrics asks for it; the first thousand, worst first.',
  },
  tallyman_check_last_run_timestamp_seconds: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means:
      'When the last complete run ended. Older than twice tallyman_check_interval_seconds, it is outdated (S22).',
  },
  tallyman_check_interval_seconds: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means:
      'Half the age from which the last complete run is outdated: spec.interval, or for spec.schedule the mean of the next two pauses.',
  },
  tallyman_check_duration_seconds: {
    type: 'gauge',
    labels: ['namespace', 'name'],
    means: 'Duration of the last run.',
  },
  tallyman_event_loop_lag_seconds: {
    type: 'gauge',
    labels: [],
    means: 'Delay of the event loop, maximum since the last scrape. Ten seconds lose the lease.',
  },
  tallyman_heap_limit_bytes: {
    type: 'gauge',
    labels: [],
    means: 'Heap at which the process ends (--max-old-space-size, and what V8 adds for young objects).',
  },
} as const satisfies Record<string, MetricEntry>

export type MetricName = keyof typeof METRICS
