import { describe, expect, test } from 'vitest'
import { type RowFormat, RowPrinter } from '#commands/row-printer.ts'

const FORMAT: RowFormat<string> = {
  head: '<',
  row: (row, isFirst) => (isFirst ? row : `,${row}`),
  tail: () => '>',
}

/** A reader that takes what is printed only when it is told to. */
function slowReader() {
  const written: string[] = []
  let release: (isReadOn: boolean) => void = () => undefined
  const print = (text: string) => {
    written.push(text)
    return new Promise<boolean>((resolve) => {
      release = resolve
    })
  }
  return { written, print, take: (isReadOn = true) => release(isReadOn) }
}

describe('rows', () => {
  test('are printed at once, and together while a write is under way', async () => {
    const reader = slowReader()
    const printer = new RowPrinter(reader, FORMAT)
    expect(printer.began).toBe(false)
    for (const row of ['a', 'b', 'c']) expect(await printer.row(row)).toBe(true)
    expect(printer.began).toBe(true)
    expect(reader.written).toEqual(['<a'])
    reader.take()
    await expect.poll(() => reader.written).toEqual(['<a', ',b,c'])
    const ended = printer.end()
    reader.take()
    await expect.poll(() => reader.written).toEqual(['<a', ',b,c', '>'])
    reader.take()
    await ended
  })

  test('wait for a reader that is slower', async () => {
    const reader = slowReader()
    const printer = new RowPrinter(reader, FORMAT)
    await printer.row('a')
    let isTaken = false
    const large = printer.row('x'.repeat(100_000)).then(() => {
      isTaken = true
    })
    await Promise.resolve()
    expect(isTaken).toBe(false)
    reader.take()
    await expect.poll(() => reader.written.length).toBe(2)
    reader.take()
    await large
  })

  test('are not made for a reader that has left', async () => {
    const printer = new RowPrinter({ print: async () => false }, FORMAT)
    await printer.row('a')
    await expect.poll(() => printer.row('b')).toBe(false)
    await printer.settle()
  })

  test('that make no text take no room', async () => {
    const written: string[] = []
    const print = async (text: string) => written.push(text) > 0
    const printer = new RowPrinter<string>({ print }, { head: '', row: (row) => row, tail: '' })
    for (const row of ['', 'a', '', 'b', '']) await printer.row(row)
    await printer.end()
    expect(written.join('')).toBe('ab')
  })

  test('that cannot be written fail', async () => {
    const full = new Error('ENOSPC')
    const printer = new RowPrinter({ print: () => Promise.reject(full) }, FORMAT)
    await printer.row('a')
    await expect(printer.settle()).rejects.toBe(full)
  })
})
