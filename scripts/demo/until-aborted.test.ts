import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, test } from 'vitest'
import { untilAborted } from './until-aborted.ts'

const FILE = path.join(import.meta.dirname, 'until-aborted.ts')

test('a process that has nothing else to do lives until the signal aborts, and then ends', async () => {
  const script = `
    const { untilAborted } = await import(${JSON.stringify(FILE)})
    const interrupted = new AbortController()
    process.once('SIGINT', () => interrupted.abort())
    const waiting = untilAborted(interrupted.signal)
    process.once('beforeExit', () => console.log('nothing to do'))
    console.log('waits')
    await waiting
    console.log('goes on')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
    if (printed === 'waits\n') child.kill('SIGINT')
  })
  const [code] = await once(child, 'close')
  expect({ code, printed }).toEqual({ code: 0, printed: 'waits\ngoes on\nnothing to do\n' })
})

test('does not wait where the signal has aborted already', async () => {
  await untilAborted(AbortSignal.abort())
})
