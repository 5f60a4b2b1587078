import { describe, expect, it } from 'vitest'
import { workloadOf } from '#inventory/owner.ts'

describe('workloadOf', () => {
  it.each([
    ['ReplicaSet', 'web-7d4b9c8f6d', 'Deployment', 'web'],
    ['ReplicaSet', 'web-front-end-68bdfc9d7', 'Deployment', 'web-front-end'],
    ['ReplicaSet', 'my-db', 'ReplicaSet', 'my-db'],
    ['ReplicaSet', 'web-frontend', 'ReplicaSet', 'web-frontend'],
    ['Job', 'backup-29384720', 'CronJob', 'backup'],
    ['Job', 'backup-1609459200', 'CronJob', 'backup'],
    ['Job', 'migrate-42', 'Job', 'migrate-42'],
    ['Job', 'import', 'Job', 'import'],
    ['StatefulSet', 'db', 'StatefulSet', 'db'],
    ['DaemonSet', 'agent-7d4b9c8f6d', 'DaemonSet', 'agent-7d4b9c8f6d'],
    ['Workflow', 'train', 'Workflow', 'train'],
    ['Node', 'control-plane-1', 'Pod', 'the-pod'],
  ])('%s %s is known as %s %s', (ownerKind, ownerName, kind, name) => {
    expect(workloadOf({ kind: ownerKind, name: ownerName }, 'the-pod')).toEqual({ kind, name })
  })

  it('is the pod itself where nothing owns it', () => {
    expect(workloadOf(undefined, 'debug')).toEqual({ kind: 'Pod', name: 'debug' })
  })
})
