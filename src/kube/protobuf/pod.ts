import { type ContainerProjection, isFinished, type PodProjection } from '../pod-projection.ts'
import { type ContainerSpec, NO_POD_SPEC, type PodSpec } from '../pod-spec.ts'
import { type ContainerState, NO_STATUS, readContainerStatus } from './container-status.ts'
import { NO_META, readMeta } from './meta.ts'
import { readPodSpec } from './pod-spec.ts'
import type { ProtoReader } from './reader.ts'

/** The projection of a v1.Pod: the same as projectPod gives for the same pod in JSON. */
export function readPod(reader: ProtoReader): PodProjection {
  let meta = NO_META
  let spec = NO_POD_SPEC
  let status: PodStatus | undefined
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        meta = readMeta(reader)
        break
      case 2:
        spec = readPodSpec(reader)
        break
      case 3:
        status = readStatus(reader)
        break
      default:
        reader.skip()
    }
  }
  const phase = status?.phase ?? ''
  return {
    uid: meta.uid,
    namespace: meta.namespace,
    name: meta.name,
    resourceVersion: meta.resourceVersion,
    nodeName: spec.nodeName,
    phase,
    finishedAt: isFinished(phase) ? status?.lastFinish : undefined,
    createdAt: meta.createdAt,
    deletionTimestamp: meta.deleting,
    owner: meta.owner,
    keep: meta.keep,
    hasPullSecrets: spec.hasPullSecrets,
    containers: joinContainers(spec, status),
    volumeImages: spec.volumeImages,
  }
}

interface PodStatus {
  phase: string
  containers: ContainerState[]
  init: ContainerState[]
  ephemeral: ContainerState[]
  lastFinish: number | undefined
}

/** PodStatus: phase = 1, containerStatuses = 8, initContainerStatuses = 10, ephemeralContainerStatuses = 13. */
function readStatus(reader: ProtoReader): PodStatus {
  const status: PodStatus = { phase: '', containers: [], init: [], ephemeral: [], lastFinish: undefined }
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        status.phase = reader.repeated()
        break
      case 8:
        addState(status, status.containers, reader)
        break
      case 10:
        addState(status, status.init, reader)
        break
      case 13:
        addState(status, status.ephemeral, reader)
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return status
}

function addState(status: PodStatus, to: ContainerState[], reader: ProtoReader): void {
  const state = readContainerStatus(reader)
  to.push(state)
  if (state.finishedAt > (status.lastFinish ?? 0)) status.lastFinish = state.finishedAt
}

function joinContainers(spec: PodSpec, status: PodStatus | undefined): ContainerProjection[] {
  const joined: ContainerProjection[] = []
  join(joined, spec.init, status?.init)
  join(joined, spec.containers, status?.containers)
  join(joined, spec.ephemeral, status?.ephemeral)
  return joined
}

function join(
  into: ContainerProjection[],
  specs: readonly ContainerSpec[],
  states: readonly ContainerState[] | undefined,
): void {
  for (const { kind, name, image, pullPolicy } of specs) {
    const { imageID, waitingReason } = states?.find((state) => state.name === name) ?? NO_STATUS
    into.push({ kind, image, imageID, pullPolicy, waitingReason })
  }
}
