import type { InjectFault, StatusFault } from './faults.ts'

/** A Kubernetes metav1.Status as the body of an error answer. */
export function kubeStatus(code: number, reason: string, message: string): StatusFault {
  return { kind: 'status', status: code, body: failure(code, reason, message) }
}

/** 429 with Retry-After, as an API server's priority and fairness or a registry sends it. */
export function throttled(retryAfter: number | string): StatusFault {
  return { kind: 'status', status: 429, headers: { 'Retry-After': String(retryAfter) } }
}

/** An error in the form of the distribution API. */
export function registryError(status: number, code: string, message: string): StatusFault {
  return { kind: 'status', status, body: { errors: [{ code, message }] } }
}

const EXPIRED = 'too old resource version: 1 (2)'

/** 410 as a status, as a list or watch with an old resourceVersion gets it. */
export const expired: StatusFault = kubeStatus(410, 'Expired', EXPIRED)

/** 410 as an ERROR event in a JSON watch after so many events; the watch then ends, as the API server ends it. */
export function expiredEvent(afterEvents: number): InjectFault {
  const event = { type: 'ERROR', object: failure(410, 'Expired', EXPIRED) }
  return { kind: 'inject', after: { lines: afterEvents }, bytes: `${JSON.stringify(event)}\n`, end: true }
}

/** The same in a protobuf watch. */
export function expiredFrame(afterEvents: number): InjectFault {
  return { kind: 'inject', after: { frames: afterEvents }, bytes: protobufErrorFrame(), end: true }
}

function failure(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code }
}

/**
 * length ‖ metav1.WatchEvent{type = 1, object = 2: RawExtension{raw = 1: "k8s\0" ‖ runtime.Unknown{typeMeta = 1, raw = 2}}}
 * around a metav1.Status{metadata = 1, status = 2, message = 3, reason = 4, code = 6}
 * (k8s.io/apimachinery, generated.proto of meta/v1 and runtime).
 */
function protobufErrorFrame(): Uint8Array {
  const status = [
    field(1, Buffer.alloc(0)),
    field(2, 'Failure'),
    field(3, EXPIRED),
    field(4, 'Expired'),
    Buffer.from([6 << 3, ...varint(410)]),
  ]
  const typeMeta = Buffer.concat([field(1, 'v1'), field(2, 'Status')])
  const unknown = Buffer.concat([Buffer.from('k8s\0'), field(1, typeMeta), field(2, Buffer.concat(status))])
  const event = Buffer.concat([field(1, 'ERROR'), field(2, field(1, unknown))])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(event.length)
  return Buffer.concat([length, event])
}

const LENGTH_DELIMITED = 2

function field(number: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([(number << 3) | LENGTH_DELIMITED, ...varint(bytes.length)]), bytes])
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
}
