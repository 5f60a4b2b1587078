import type { Condition } from '#crds/meta.ts'

type Kstatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating'

interface KstatusSubject {
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string }
  readonly status?:
    | {
        readonly observedGeneration?: number | undefined
        readonly conditions?: readonly Pick<Condition, 'type' | 'status'>[] | undefined
      }
    | undefined
}

/**
 * What Flux, Argo CD and `kubectl wait` tools make of an object.
 * @see sigs.k8s.io/cli-utils, pkg/kstatus/status/generic.go (checkGenericProperties, checkReadyCondition)
 */
export function computeKstatus(object: KstatusSubject): Kstatus {
  const { generation, deletionTimestamp } = object.metadata
  const { observedGeneration, conditions = [] } = object.status ?? {}
  const statusOf = (type: string) => conditions.find((condition) => condition.type === type)?.status
  if (deletionTimestamp !== undefined) return 'Terminating'
  if (observedGeneration !== undefined && observedGeneration !== generation) return 'InProgress'
  if (statusOf('Reconciling') === 'True') return 'InProgress'
  if (statusOf('Stalled') === 'True') return 'Failed'
  const ready = statusOf('Ready')
  return ready === 'False' || ready === 'Unknown' ? 'InProgress' : 'Current'
}
