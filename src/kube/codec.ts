import type { KubeStatus } from './status-object.ts'

/** One event of a watch. */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly item: T; readonly resourceVersion: string }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly type: 'ERROR'; readonly status: KubeStatus }

/** One page of a list. `items` decodes as it is walked. */
export interface ListPage<T> {
  readonly items: Iterable<T>
  readonly resourceVersion: string
  /** The token for the next page; empty on the last. */
  readonly continue: string
  /** How many objects the pages after this one have; absent where the server does not say, as behind a selector. */
  readonly remaining?: number | undefined
}

/** Cuts a watch's chunks into frames. One for each stream. */
export interface FrameSplitter {
  /**
   * Calls `onFrame` for every frame that `chunk` completes, in order. A frame is valid only during the call.
   * @throws KUBE_TOO_LARGE for a frame above the limit, and whatever `onFrame` throws
   */
  push(chunk: Uint8Array, onFrame: (frame: Buffer) => void): void
  /** Bytes of a frame that has begun and not ended: above 0 at the end of a stream, it was cut off. */
  readonly pending: number
}

/** How the objects of one resource travel: JSON, or protobuf for Kubernetes' own kinds. It keeps no state of a stream. */
export interface WatchCodec<T> {
  /** The `Accept` of a watch. */
  readonly watchType: string
  /** The `Accept` of a list. */
  readonly listType: string
  splitter(): FrameSplitter
  /** @throws KUBE_WATCH_BROKEN when the frame is no event */
  event(frame: Buffer): WatchEvent<T>
  /** @throws KUBE_WATCH_BROKEN when the body is no list */
  page(body: Uint8Array): ListPage<T>
}

/** No object is larger: etcd takes 1.5 MiB, and JSON of what was written as protobuf grows by less than eight times. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024

/** On the bookmark that ends the initial events of a WatchList (KEP-3157). */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'
