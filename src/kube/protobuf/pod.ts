import { type ContainerProjection, isFinished, type PodProjection, pullPolicyOf } from '../pod-projection.ts'
import { type ContainerState, NO_STATUS, readContainerStatus } from './container-status.ts'
import { readMeta } from './meta.ts'
import type { ProtoReader } from './reader.ts'

/** The projection of a v1.Pod: the same as projectPod gives for the same pod in JSON. */
export function readPod(reader: ProtoReader): PodProjection {
  let meta: ReturnType<typeof readMeta> | undefined
  let spec: PodSpec | undefined
  let status: PodStatus | undefined
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        meta = readMeta(reader)
        break
      case 2:
        spec = readSpec(reader)
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
    uid: meta?.uid ?? '',
    namespace: meta?.namespace ?? '',
    name: meta?.name ?? '',
    resourceVersion: meta?.resourceVersion ?? '',
    nodeName: spec?.nodeName ?? '',
    phase,
    finishedAt: isFinished(phase) ? status?.lastFinish : undefined,
    createdAt: meta?.createdAt ?? 0,
    deletionTimestamp: meta?.deleting ?? false,
    owner: meta?.controller,
    hasPullSecrets: spec?.hasPullSecrets ?? false,
    containers: joinContainers(spec, status),
    volumeImages: spec?.volumeImages ?? [],
  }
}

interface ContainerSpec {
  name: string
  image: string
  pullPolicy: string
}

interface PodSpec {
  nodeName: string
  hasPullSecrets: boolean
  containers: ContainerSpec[]
  init: ContainerSpec[]
  ephemeral: ContainerSpec[]
  volumeImages: string[]
}

/**
 * PodSpec: volumes = 1, containers = 2, nodeName = 10, imagePullSecrets = 15, initContainers = 20,
 * ephemeralContainers = 34.
 */
function readSpec(reader: ProtoReader): PodSpec {
  const spec: PodSpec = {
    nodeName: '',
    hasPullSecrets: false,
    containers: [],
    init: [],
    ephemeral: [],
    volumeImages: [],
  }
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1: {
        const image = readVolumeImage(reader)
        if (image !== '') spec.volumeImages.push(image)
        break
      }
      case 2:
        spec.containers.push(readContainer(reader))
        break
      case 10:
        spec.nodeName = reader.repeated()
        break
      case 15:
        spec.hasPullSecrets = true
        reader.skip()
        break
      case 20:
        spec.init.push(readContainer(reader))
        break
      case 34:
        spec.ephemeral.push(readEphemeral(reader))
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return spec
}

/** Container and EphemeralContainerCommon: name = 1, image = 2, imagePullPolicy = 14. */
function readContainer(reader: ProtoReader): ContainerSpec {
  const container = { name: '', image: '', pullPolicy: '' }
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        container.name = reader.repeated()
        break
      case 2:
        container.image = reader.repeated()
        break
      case 14:
        container.pullPolicy = reader.repeated()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return container
}

/** EphemeralContainer: ephemeralContainerCommon = 1. */
function readEphemeral(reader: ProtoReader): ContainerSpec {
  let container: ContainerSpec = { name: '', image: '', pullPolicy: '' }
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.field === 1) container = readContainer(reader)
    else reader.skip()
  }
  reader.leave(outer)
  return container
}

/** Volume: volumeSource = 2; VolumeSource: image = 30; ImageVolumeSource: reference = 1. */
function readVolumeImage(reader: ProtoReader): string {
  return readNested(reader, 2, (source) =>
    readNested(source, 30, (image) => readNested(image, 1, (value) => value.repeated())),
  )
}

function readNested(reader: ProtoReader, field: number, read: (reader: ProtoReader) => string): string {
  let found = ''
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.field === field) found = read(reader)
    else reader.skip()
  }
  reader.leave(outer)
  return found
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

function joinContainers(spec: PodSpec | undefined, status: PodStatus | undefined): ContainerProjection[] {
  const joined: ContainerProjection[] = []
  if (spec === undefined) return joined
  join(joined, 'init', spec.init, status?.init)
  join(joined, 'container', spec.containers, status?.containers)
  join(joined, 'ephemeral', spec.ephemeral, status?.ephemeral)
  return joined
}

function join(
  into: ContainerProjection[],
  kind: ContainerProjection['kind'],
  specs: readonly ContainerSpec[],
  states: readonly ContainerState[] | undefined,
): void {
  for (const { name, image, pullPolicy } of specs) {
    const { imageID, waitingReason } = states?.find((state) => state.name === name) ?? NO_STATUS
    into.push({ kind, image, imageID, pullPolicy: pullPolicyOf(pullPolicy), waitingReason })
  }
}
