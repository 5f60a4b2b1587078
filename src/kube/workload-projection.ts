import { recordOf } from './json.ts'
import { joinKeeps } from './keep.ts'
import { type MetaProjection, projectMeta } from './meta-projection.ts'
import { type PodTemplate, projectPodTemplate } from './pod-template.ts'
import {
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  type Resource,
  STATEFUL_SETS,
} from './resource.ts'

/** Kubernetes' own kinds that make pods of a template. */
export const WORKLOAD_KINDS = [
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
] as const

export type WorkloadKind = (typeof WORKLOAD_KINDS)[number]

export const WORKLOAD_RESOURCES: Readonly<Record<WorkloadKind, Resource>> = {
  Deployment: DEPLOYMENTS,
  StatefulSet: STATEFUL_SETS,
  DaemonSet: DAEMON_SETS,
  ReplicaSet: REPLICA_SETS,
  ReplicationController: REPLICATION_CONTROLLERS,
  Job: JOBS,
  CronJob: CRON_JOBS,
}

/** What of a workload this product keeps: its pod template, and whether that makes pods. */
export interface WorkloadProjection extends MetaProjection, PodTemplate {
  readonly kind: WorkloadKind
  /** spec.replicas; undefined for the kinds that have none. */
  readonly replicas: number | undefined
  /** spec.suspend, which Job and CronJob have. */
  readonly suspended: boolean
  /** The annotation KEEP_ANNOTATION of the object, of a CronJob's job template, and of the pod template; see joinKeeps. */
  readonly keep: string
}

/** Kubernetes' default of spec.replicas; undefined for the kinds that have no replicas. */
export function defaultReplicas(kind: WorkloadKind): number | undefined {
  return kind === 'DaemonSet' || kind === 'Job' || kind === 'CronJob' ? undefined : 1
}

/** Projects the objects of one kind in JSON. What has the wrong type reads as absent, so a projection never throws. */
export function projectWorkload(kind: WorkloadKind): (raw: unknown) => WorkloadProjection {
  const byDefault = defaultReplicas(kind)
  return (raw) => {
    const { metadata, spec } = recordOf(raw)
    const { replicas, suspend, jobTemplate } = recordOf(spec)
    const job = recordOf(jobTemplate)
    const meta = projectMeta(metadata)
    const template = projectPodTemplate(recordOf(kind === 'CronJob' ? job.spec : spec).template)
    return {
      ...meta,
      ...template,
      kind,
      replicas: byDefault !== undefined && typeof replicas === 'number' ? replicas : byDefault,
      suspended: suspend === true,
      keep: joinKeeps(meta.keep, projectMeta(job.metadata).keep, template.keep),
    }
  }
}
