import type { WatchCodec } from './codec.ts'
import type { NodeProjection } from './node-projection.ts'
import type { PodProjection } from './pod-projection.ts'
import { protobufCodec } from './protobuf/codec.ts'
import { readNode } from './protobuf/node.ts'
import { readPod } from './protobuf/pod.ts'
import type { TextDecode } from './protobuf/reader.ts'

/**
 * Pods over protobuf, projected.
 * @param intern decodes strings that repeat (images, namespaces, node names), so that a store that interns them
 *   anyway need not be handed copies; by default a bounded cache
 */
export function podCodec(intern?: TextDecode): WatchCodec<PodProjection> {
  return protobufCodec(readPod, intern)
}

/** Nodes over protobuf, projected. */
export function nodeCodec(): WatchCodec<NodeProjection> {
  return protobufCodec(readNode)
}
