import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { confirmed } from '#commands/confirm.ts'

const { signal } = new AbortController()
const terminal = (isTTY = true) => ({
  input: Object.assign(new PassThrough(), { isTTY }),
  output: Object.assign(new PassThrough(), { isTTY: true }),
})

describe('a question', () => {
  test.each([
    ['y\n', true],
    ['YES\n', true],
    ['\n', false],
    ['no\n', false],
    ['yesterday\n', false],
  ])('is answered by %j', async (answer, expected) => {
    const asked = terminal()
    asked.input.write(answer)
    expect(await confirmed('Remove it?', asked, signal)).toBe(expected)
    expect(String(asked.output.read())).toContain('Remove it? [y/N] ')
  })

  test('is not agreed to where the input ends', async () => {
    const asked = terminal()
    asked.input.end()
    expect(await confirmed('Remove it?', asked, signal)).toBe(false)
  })

  test('is not asked where there is no terminal', async () => {
    const asked = terminal(false)
    asked.input.write('y\n')
    expect(await confirmed('Remove it?', asked, signal)).toBeUndefined()
  })

  test('ends with the signal', async () => {
    const abort = new AbortController()
    const asking = confirmed('Remove it?', terminal(), abort.signal)
    abort.abort(new Error('over'))
    await expect(asking).rejects.toThrow('over')
  })
})
