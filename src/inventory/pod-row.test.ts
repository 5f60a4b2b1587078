import { describe, expect, it } from 'vitest'
import { type PodRow, usingPod } from '#inventory/pod-row.ts'

const NOW = Date.UTC(2026, 0, 31)
const DIGEST = `sha256:${'a'.repeat(64)}`
const pod = (more: Partial<PodRow> = {}): PodRow => ({
  uid: 'u',
  namespace: 'shop',
  name: 'web-0',
  hasPullSecrets: true,
  containers: [{ image: 'web:1', imageID: `repo@${DIGEST}`, pullPolicy: 'Never', waitingReason: '' }],
  volumeImages: ['model:1'],
  ...more,
})

describe('usingPod', () => {
  it('reads containers and image volumes', () => {
    const owner = { kind: 'StatefulSet', name: 'web' }
    expect(usingPod(pod({ owner, nodeName: 'node-1', phase: 'Running' }), NOW)).toEqual({
      uid: 'u',
      namespace: 'shop',
      name: 'web-0',
      kind: 'Pod',
      use: 'pod',
      owner,
      hasPullSecrets: true,
      images: [
        {
          image: 'web:1',
          running: { kind: 'manifest', digest: DIGEST },
          neverPull: true,
          pullFailing: false,
        },
        { image: 'model:1', running: undefined, neverPull: false, pullFailing: false },
      ],
      node: 'node-1',
      phase: 'Running',
      finishedAt: undefined,
    })
  })

  it.each([
    ['ErrImagePull', true],
    ['ImagePullBackOff', true],
    ['InvalidImageName', true],
    ['CrashLoopBackOff', false],
    ['', false],
  ])('a container that waits for %j waits for its image: %s', (waitingReason, pullFailing) => {
    const container = { image: 'web:1', imageID: '', pullPolicy: '', waitingReason }
    expect(usingPod(pod({ containers: [container] }), NOW).images).toMatchObject([{ pullFailing }, {}])
  })

  it.each([
    ['a moment ago', NOW, NOW],
    ['in 2000', Date.UTC(2000, 0), Date.UTC(2000, 0)],
    ['before 2000', Date.UTC(2000, 0) - 1, undefined],
    ['in the future', NOW + 1, undefined],
    ['at no time', Number.NaN, undefined],
    ['never', undefined, undefined],
  ])('S02: a pod that finished %s: a time that cannot be is none', (_, finishedAt, read) => {
    expect(usingPod(pod({ phase: 'Succeeded', finishedAt }), NOW).finishedAt).toBe(read)
  })
})
