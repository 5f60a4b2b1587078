import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { ProcessTerminal } from '#commands/terminal.ts'

class Screen extends Writable {
  text = ''
  isTTY = false
  columns = 0
  rows = 0

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

class Broken extends Writable {
  override _write(_chunk: Buffer, _encoding: string, done: (error: Error) => void): void {
    done(Object.assign(new Error('gone'), { code: this.errorCode }))
  }

  readonly errorCode: string

  constructor(errorCode: string) {
    super()
    this.errorCode = errorCode
  }
}

describe('a terminal', () => {
  test('takes back what it showed before anything else is written', () => {
    const err = new Screen(true)
    const terminal = new ProcessTerminal(new Screen(true), err)
    terminal.show(['one', 'two'])
    terminal.note('said')
    terminal.show(['three'])
    terminal.show([])
    expect(err.text).toBe('one\ntwo\n\u001b[2A\r\u001b[Jsaid\nthree\n\u001b[1A\r\u001b[J')
  })

  test('that does not know its size has a common one', () => {
    const terminal = new ProcessTerminal(new Screen(true), new Screen(true))
    expect(terminal.columns).toBe(80)
    expect(terminal.progress).toEqual({ columns: 80, rows: 24 })
  })
})

describe('a pipe', () => {
  test('gets no progress and no width', () => {
    const err = new Screen(false)
    const terminal = new ProcessTerminal(new Screen(false), err)
    terminal.show(['one'])
    terminal.note('said')
    expect(err.text).toBe('said\n')
    expect(terminal.columns).toBeUndefined()
    expect(terminal.progress).toBeUndefined()
  })

  test('that its reader closed is no error; a full disk is', async () => {
    const err = new Screen(false)
    await new ProcessTerminal(new Broken('EPIPE'), err).print('text')
    await expect(new ProcessTerminal(new Broken('ENOSPC'), err).print('text')).rejects.toThrow('gone')
  })
})
