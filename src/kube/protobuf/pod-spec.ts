import { type ContainerKind, type ContainerSpec, type PodSpec, pullPolicyOf } from '../pod-spec.ts'
import type { ProtoReader } from './reader.ts'

/**
 * A PodSpec, the same as projectPodSpec gives for it in JSON. Its fields: volumes = 1, containers = 2, nodeName = 10,
 * imagePullSecrets = 15, initContainers = 20, ephemeralContainers = 34.
 */
export function readPodSpec(reader: ProtoReader): PodSpec {
  let nodeName = ''
  let hasPullSecrets = false
  const init: ContainerSpec[] = []
  const containers: ContainerSpec[] = []
  const ephemeral: ContainerSpec[] = []
  const volumeImages: string[] = []
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1: {
        const image = readVolumeImage(reader)
        if (image !== '') volumeImages.push(image)
        break
      }
      case 2:
        containers.push(readContainer(reader, 'container'))
        break
      case 10:
        nodeName = reader.repeated()
        break
      case 15:
        hasPullSecrets = true
        reader.skip()
        break
      case 20:
        init.push(readContainer(reader, 'init'))
        break
      case 34:
        ephemeral.push(readEphemeral(reader))
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return { nodeName, hasPullSecrets, init, containers, ephemeral, volumeImages }
}

/** Container and EphemeralContainerCommon: name = 1, image = 2, imagePullPolicy = 14. */
function readContainer(reader: ProtoReader, kind: ContainerKind): ContainerSpec {
  let name = ''
  let image = ''
  let pullPolicy = ''
  const outer = reader.enter()
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.repeated()
        break
      case 2:
        image = reader.repeated()
        break
      case 14:
        pullPolicy = reader.repeated()
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  return { kind, name, image, pullPolicy: pullPolicyOf(pullPolicy) }
}

/** EphemeralContainer: ephemeralContainerCommon = 1. */
function readEphemeral(reader: ProtoReader): ContainerSpec {
  let container: ContainerSpec = { kind: 'ephemeral', name: '', image: '', pullPolicy: '' }
  const outer = reader.enter()
  while (reader.next()) {
    if (reader.field === 1) container = readContainer(reader, 'ephemeral')
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
