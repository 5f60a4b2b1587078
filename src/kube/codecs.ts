import type { WatchCodec } from './codec.ts'
import type { ControllerRevisionProjection } from './controller-revision-projection.ts'
import type { NodeProjection } from './node-projection.ts'
import type { PodProjection } from './pod-projection.ts'
import { protobufCodec } from './protobuf/codec.ts'
import { readControllerRevision } from './protobuf/controller-revision.ts'
import { readNode } from './protobuf/node.ts'
import { readPod } from './protobuf/pod.ts'
import type { TextDecode } from './protobuf/reader.ts'
import { readWorkload } from './protobuf/workload.ts'
import type { WorkloadKind, WorkloadProjection } from './workload-projection.ts'

/**
 * Pods over protobuf, projected.
 * @param intern decodes strings that repeat (images, namespaces, node names), so that a store that interns them
 *   anyway need not be handed copies; by default a bounded cache. The same for the codecs below, which may share one.
 */
export function podCodec(intern?: TextDecode): WatchCodec<PodProjection> {
  return protobufCodec(readPod, intern)
}

/** Nodes over protobuf, projected. */
export function nodeCodec(intern?: TextDecode): WatchCodec<NodeProjection> {
  return protobufCodec(readNode, intern)
}

/** Workloads of one kind over protobuf, projected. */
export function workloadCodec(kind: WorkloadKind, intern?: TextDecode): WatchCodec<WorkloadProjection> {
  return protobufCodec(readWorkload(kind), intern)
}

/** ControllerRevisions over protobuf, projected. */
export function controllerRevisionCodec(intern?: TextDecode): WatchCodec<ControllerRevisionProjection> {
  return protobufCodec(readControllerRevision, intern)
}
