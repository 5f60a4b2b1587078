import { describe, expect, it } from 'vitest'
import { guessedWorkload, ownerOf } from '#inventory/owner.ts'

describe('guessedWorkload', () => {
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
  ])('%s %s is known as %s %s', (ownerKind, ownerName, kind, name) => {
    expect(guessedWorkload({ kind: ownerKind, name: ownerName })).toEqual({ kind, name })
  })
})

describe('ownerOf', () => {
  const pod = { kind: 'Pod', name: 'debug' }

  it('is what the object names', () => {
    const owner = { kind: 'ReplicaSet', name: 'web-7d4b9c8f6d' }
    expect(ownerOf({ ...pod, owner })).toEqual(owner)
  })

  it('is the object itself where nothing owns it, or only its node', () => {
    expect(ownerOf(pod)).toEqual(pod)
    expect(ownerOf({ ...pod, owner: { kind: 'Node', name: 'control-plane-1' } })).toEqual(pod)
  })
})
