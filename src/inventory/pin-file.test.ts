import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePinFile } from '#inventory/pin-file.ts'
import { compilePins } from '#inventory/pins.ts'

describe('S07: a file of pins', () => {
  test('has one a line, with comments and empty lines', () => {
    const content =
      '# rendered by CI\r\nr.example/app:v1\r\n\r\n  base/**   # all of them\nr.example/app:v1\nnginx'
    expect(parsePinFile(content)).toEqual({ pins: ['r.example/app:v1', 'base/**', 'nginx'], invalid: [] })
    expect(parsePinFile('')).toEqual({ pins: [], invalid: [] })
  })

  test('says which lines cannot be read, and why', () => {
    const { pins, invalid } = parsePinFile(`app\napp@latest\n\n${'r'.repeat(100)}:`)
    expect(pins).toEqual(['app'])
    expect(invalid).toEqual([
      { line: 2, text: 'app@latest', problem: 'what follows the @ is no digest' },
      {
        line: 4,
        text: 'r'.repeat(64),
        problem: 'what follows the last colon is no tag and no pattern of tags',
      },
    ])
  })

  test('names the first lines that cannot be read', () => {
    expect(parsePinFile('/\n'.repeat(1_000)).invalid).toHaveLength(10)
  })

  test('holds so many patterns and any number of references', () => {
    const patterns = Array.from({ length: 257 }, (_, index) => `a${index}/*`)
    const references = Array.from({ length: 20_000 }, (_, index) => `app:v${index}`)
    const { pins, invalid } = parsePinFile([...patterns, ...references].join('\n'))
    expect(pins).toHaveLength(256 + 20_000)
    expect(invalid).toEqual([{ line: 257, text: 'a256/*', problem: 'more than 256 patterns' }])
  })

  test('never drops a line in silence, whatever the text', () => {
    const content = fc
      .array(fc.constantFrom('a', '/', ':', '*', '#', '\n', ' ', '@', '{'))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(content, fc.string()), (text) => {
        const { pins, invalid } = parsePinFile(text)
        expect(compilePins(pins).texts).toEqual(pins)
        const says = text.split('\n').filter((line) => !/^\s*(?:#|$)/.test(line))
        expect(pins.length + invalid.length > 0).toBe(says.length > 0)
      }),
    )
  })
})
