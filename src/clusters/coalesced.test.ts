import { describe, expect, it } from 'vitest'
import { Coalesced } from '#clusters/coalesced.ts'
import { silentLog } from '#test/harness/reflected.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('Coalesced', () => {
  it('tells each listener once of all changes in one turn', async () => {
    const changed = new Coalesced(silentLog)
    const calls = [0, 0]
    changed.add(() => (calls[0] = (calls[0] ?? 0) + 1))
    changed.add(() => (calls[1] = (calls[1] ?? 0) + 1))
    for (let i = 0; i < 100; i++) changed.notify()
    expect(calls).toEqual([0, 0])
    await turn()
    expect(calls).toEqual([1, 1])
    changed.notify()
    await turn()
    expect(calls).toEqual([2, 2])
  })

  it('tells of a change that a listener made in the turn after', async () => {
    const changed = new Coalesced(silentLog)
    let calls = 0
    changed.add(() => {
      calls += 1
      if (calls === 1) changed.notify()
    })
    changed.notify()
    await turn()
    await turn()
    expect(calls).toBe(2)
  })

  it('tells the others though one listener throws, and logs it', async () => {
    const errors: string[] = []
    const changed = new Coalesced({ ...silentLog, error: (_fields, message) => void errors.push(message) })
    let called = false
    changed.add(() => {
      throw new Error('defect')
    })
    changed.add(() => {
      called = true
    })
    changed.notify()
    await turn()
    expect(called).toBe(true)
    expect(errors).toEqual(['a listener of the inventory failed'])
  })

  it('takes a listener out once, also where the same function listens twice', async () => {
    const changed = new Coalesced(silentLog)
    let calls = 0
    const listener = () => {
      calls += 1
    }
    const removeFirst = changed.add(listener)
    changed.add(listener)
    removeFirst()
    removeFirst()
    changed.notify()
    await turn()
    expect(calls).toBe(1)
  })

  it('lets one wait for the next change, and no longer than the signal lets it', async () => {
    const changed = new Coalesced(silentLog)
    const ending = new AbortController()
    const waits = [changed.next(ending.signal), changed.next(ending.signal)]
    changed.notify()
    await Promise.all(waits)
    const last = changed.next(ending.signal)
    ending.abort()
    await last
    await changed.next(ending.signal)
  })

  it('is silent after stop', async () => {
    const changed = new Coalesced(silentLog)
    let calls = 0
    changed.add(() => {
      calls += 1
    })
    changed.notify()
    changed.stop()
    await turn()
    changed.notify()
    await turn()
    expect(calls).toBe(0)
  })
})
