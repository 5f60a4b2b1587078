import { randomUUID } from 'node:crypto'
import { EVENT_REASONS, type EventReason, TOLD_EACH } from '#catalogue/events.ts'
import type { KubeObject } from '#kube/objects.ts'
import { apiVersion, EVENTS } from '#kube/resource.ts'
import { microTime } from '#runtime/lease-record.ts'
import { redactUrls } from '#runtime/redact.ts'

/** The object that an event is about. */
export interface EventSubject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string | undefined
    readonly uid?: string | undefined
    readonly resourceVersion?: string | undefined
  }
}

export interface Occurrence {
  readonly subject: EventSubject
  readonly reason: EventReason
  readonly note: string
}

/** One event as it is held here: what it says, and how often and until when it was seen. */
export interface Series {
  readonly key: string
  readonly occurrence: Occurrence
  /** Wall-clock milliseconds of the first occurrence. */
  readonly firstSeen: number
  count: number
  lastSeenWall: number
  /** Monotonic milliseconds. */
  lastSeen: number
  /** Chosen before it is sent: a create whose answer was lost and that is tried again must not be a second event. */
  name: string
  /** Whether the API server has it. */
  stored: boolean
  /** The count that the API server has. */
  sentCount: number
  sentAt: number
  queued: boolean
}

const REPORTING_CONTROLLER = 'tallyman.dev/operator'
const MAX_NOTE_BYTES = 1024
const MAX_NAME = 253

/** Occurrences with the same key are one event with a count: all but the note, unless each is to be told. */
export function seriesKey({ subject, reason, note }: Occurrence): string {
  const { namespace, name, uid } = subject.metadata
  const said = TOLD_EACH.has(reason) ? [note] : []
  return JSON.stringify([reason, subject.apiVersion, subject.kind, namespace, name, uid, ...said])
}

/** Events live in the namespace of their subject; those of cluster-scoped objects in `default`. */
export function eventNamespace(subject: EventSubject): string {
  return subject.metadata.namespace ?? 'default'
}

/** A new name for an event about `subject`. */
export function eventName(subject: EventSubject): string {
  const unique = randomUUID().replaceAll('-', '').slice(0, 16)
  return `${subject.metadata.name.slice(0, MAX_NAME - unique.length - 1)}.${unique}`
}

/** The body of an events.k8s.io/v1 Event. */
export function eventObject(series: Series, instance: string): KubeObject {
  const { subject, reason, note } = series.occurrence
  const event = {
    apiVersion: apiVersion(EVENTS),
    kind: EVENTS.kind,
    metadata: { name: series.name, namespace: eventNamespace(subject) },
    eventTime: microTime(series.firstSeen),
    type: EVENT_REASONS[reason].type,
    reason,
    action: EVENT_REASONS[reason].action,
    note: cutBytes(redactUrls(note), MAX_NOTE_BYTES),
    reportingController: REPORTING_CONTROLLER,
    reportingInstance: instance.slice(0, 128),
    regarding: regarding(subject),
  }
  return series.count < 2 ? event : { ...event, ...seriesPatch(series) }
}

/** Only what names the object: its labels and annotations are nobody's business in an event. */
function regarding({ apiVersion: version, kind, metadata }: EventSubject) {
  const { name, namespace, uid, resourceVersion } = metadata
  return { apiVersion: version, kind, name, namespace, uid, resourceVersion }
}

/** A merge patch that brings the count up to date. */
export function seriesPatch(series: Series): { series: { count: number; lastObservedTime: string } } {
  return { series: { count: series.count, lastObservedTime: microTime(series.lastSeenWall) } }
}

function cutBytes(text: string, max: number): string {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= max) return text
  // A character cut in two decodes to U+FFFD at the end.
  const head = new TextDecoder().decode(bytes.subarray(0, max - 3)).replace(/\uFFFD$/, '')
  return `${head}…`
}
