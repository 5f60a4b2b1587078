import { expect, it } from 'vitest'
import { eventually } from '#test/harness/wait.ts'

it('resolves with the first truthy value', async () => {
  const values = [undefined, 0, '', 'there', 'later']
  expect(await eventually(() => values.shift(), { intervalMs: 1 })).toBe('there')
})

it('asks again after an error', async () => {
  let calls = 0
  const probe = () => {
    calls += 1
    if (calls < 3) throw new Error('not yet')
    return calls
  }
  expect(await eventually(probe, { intervalMs: 1 })).toBe(3)
})

it('says what it waited for and what it saw last', async () => {
  const options = { timeoutMs: 5, intervalMs: 1, message: 'the moon' }
  await expect(eventually(() => false, options)).rejects.toThrow(
    'waited 5 ms for the moon; last value: false',
  )
  const failing = eventually(() => Promise.reject(new Error('clouds')), options)
  await expect(failing).rejects.toThrow(/waited 5 ms for the moon; last error: Error: clouds/)
})

it('ends early when its signal aborts', async () => {
  const options = { timeoutMs: 60_000, signal: AbortSignal.timeout(5) }
  await expect(eventually(() => false, options)).rejects.toThrow(/timeout/)
})
