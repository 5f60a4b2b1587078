import { joinKeeps } from '../keep.ts'
import { NO_POD_TEMPLATE, type PodTemplate } from '../pod-template.ts'
import { defaultReplicas, type WorkloadKind, type WorkloadProjection } from '../workload-projection.ts'
import type { ReadObject } from './codec.ts'
import { metaProjection, NO_META, readMeta } from './meta.ts'
import { readPodTemplate } from './pod-template.ts'
import type { ProtoReader } from './reader.ts'

/** Numbers of the fields of a spec that are read; absent where the kind has no such field. */
interface SpecFields {
  readonly replicas?: number
  readonly suspend?: number
  readonly template?: number
  readonly jobTemplate?: number
}

/** From generated.proto of k8s.io/api: apps/v1, batch/v1 and core/v1. */
const SPEC_FIELDS: Readonly<Record<WorkloadKind, SpecFields>> = {
  Deployment: { replicas: 1, template: 3 },
  StatefulSet: { replicas: 1, template: 3 },
  DaemonSet: { template: 2 },
  ReplicaSet: { replicas: 1, template: 3 },
  ReplicationController: { replicas: 1, template: 3 },
  Job: { suspend: 10, template: 6 },
  CronJob: { suspend: 4, jobTemplate: 5 },
}

/** Reads workloads of one kind (metadata = 1, spec = 2): the same as projectWorkload gives for them in JSON. */
export function readWorkload(kind: WorkloadKind): ReadObject<WorkloadProjection> {
  const fields = SPEC_FIELDS[kind]
  return (reader) => {
    let meta = NO_META
    let spec = NO_SPEC
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          meta = readMeta(reader)
          break
        case 2:
          spec = readSpec(reader, fields)
          break
        default:
          reader.skip()
      }
    }
    return {
      ...metaProjection(meta),
      ...spec.template,
      kind,
      replicas: spec.replicas ?? defaultReplicas(kind),
      suspended: spec.suspended,
      keep: joinKeeps(meta.keep, spec.jobKeep, spec.template.keep),
    }
  }
}

interface WorkloadSpec {
  readonly replicas: number | undefined
  readonly suspended: boolean
  readonly template: PodTemplate
  /** KEEP_ANNOTATION of a CronJob's job template. */
  readonly jobKeep: string
}

const NO_SPEC: WorkloadSpec = {
  replicas: undefined,
  suspended: false,
  template: NO_POD_TEMPLATE,
  jobKeep: '',
}

function readSpec(reader: ProtoReader, fields: SpecFields): WorkloadSpec {
  let { replicas, suspended, template, jobKeep } = NO_SPEC
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case fields.replicas:
        replicas = reader.integer()
        break
      case fields.suspend:
        suspended = reader.boolean()
        break
      case fields.template:
        template = readPodTemplate(reader)
        break
      case fields.jobTemplate: {
        const job = readJobTemplate(reader)
        template = job.template
        jobKeep = job.keep
        break
      }
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return { replicas, suspended, template, jobKeep }
}

/** JobTemplateSpec: metadata = 1, spec = 2. */
function readJobTemplate(reader: ProtoReader): { template: PodTemplate; keep: string } {
  let { template } = NO_SPEC
  let { keep } = NO_META
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        keep = readMeta(reader).keep
        break
      case 2:
        template = readSpec(reader, SPEC_FIELDS.Job).template
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return { template, keep }
}
