import { describe, expect, it } from 'vitest'
import { judgeIdentity } from '#inventory/trust/identity.ts'

const facts = { live: 'uid-1', duplicateAcknowledged: false }

describe('the identity of a cluster', () => {
  it('is taken as it is where nothing is known of it', () => {
    expect(judgeIdentity(facts)).toBeUndefined()
  })

  it('is the one that was recorded, or that the spec pins', () => {
    expect(judgeIdentity({ ...facts, recorded: 'uid-1' })).toBeUndefined()
    expect(judgeIdentity({ ...facts, pinned: 'uid-1' })).toBeUndefined()
  })

  it('S05: is in question when another cluster answers than was recorded', () => {
    const problem = judgeIdentity({ ...facts, recorded: 'uid-0' })
    expect(problem).toMatchObject({ reason: 'IdentityChanged' })
    expect(problem?.message).toContain('set identity: uid-1')
  })

  it('S05: a human acknowledges a change by pinning what answers now', () => {
    expect(judgeIdentity({ ...facts, recorded: 'uid-0', pinned: 'uid-1' })).toBeUndefined()
  })

  it('S05: is in question when another cluster answers than the spec pins, whatever was recorded', () => {
    for (const recorded of [undefined, 'uid-1', 'uid-2']) {
      expect(judgeIdentity({ ...facts, recorded, pinned: 'uid-2' })).toMatchObject({
        reason: 'IdentityChanged',
      })
    }
  })

  it('S05: is in question when two entries reach the same cluster, until a human acknowledges it', () => {
    const twice = { ...facts, sameAs: 'local' }
    expect(judgeIdentity(twice)).toMatchObject({ reason: 'DuplicateCluster' })
    expect(judgeIdentity({ ...twice, duplicateAcknowledged: true })).toBeUndefined()
  })

  it('S05: acknowledging a duplicate does not acknowledge a change', () => {
    const both = { ...facts, sameAs: 'local', recorded: 'uid-0', duplicateAcknowledged: true }
    expect(judgeIdentity(both)).toMatchObject({ reason: 'IdentityChanged' })
  })
})
