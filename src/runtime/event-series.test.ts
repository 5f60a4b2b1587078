import { expect, test } from 'vitest'
import type { EventReason } from '#catalogue/events.ts'
import { seriesKey } from '#runtime/event-series.ts'

const subject = {
  apiVersion: 'tallyman.dev/v1alpha1',
  kind: 'RegistryPolicy',
  metadata: { name: 'main', uid: 'u' },
}
const keys = (reason: EventReason, ...notes: readonly string[]) =>
  new Set(notes.map((note) => seriesKey({ subject, reason, note }))).size

test('what names a run or an image is told each time, and what only repeats itself is counted', () => {
  expect(keys('EvictionStarted', 'run 1', 'run 2')).toBe(2)
  expect(keys('EvictedInUse', 'app:v1', 'app:v2', 'app:v1')).toBe(2)
  expect(keys('RegistryUnreachable', 'refused', 'timed out')).toBe(1)
})
