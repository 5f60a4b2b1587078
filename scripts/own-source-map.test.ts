import { SourceMap } from 'node:module'
import { encode } from '@jridgewell/sourcemap-codec'
import { expect, test } from 'vitest'
import { ownSourceMap } from './own-source-map.ts'

test('names the lines of the project, and leaves those of packages to the bundle', () => {
  const [lib, own, builtin] = [0, 1, 2]
  const whole = {
    version: 3,
    file: 'bundle.mjs',
    sources: ['../node_modules/lib/a.js', '../src/main.ts', 'builtin:fs'],
    names: [],
    mappings: encode([
      [[0, lib, 10, 0]],
      [
        [0, own, 20, 4],
        [8, own, 21, 0],
      ],
      [],
      [[0, lib, 11, 0]],
      [[0, lib, 12, 0]],
      [[0, builtin, 0, 0]],
      [[2, own, 22, 0]],
    ]),
  }
  const slim = ownSourceMap(whole)
  expect(slim).toMatchObject({ version: 3, file: 'bundle.mjs', sources: ['../src/main.ts'] })

  const said = (map: typeof whole, line: number, column: number) => {
    const entry = new SourceMap({ ...map, sourcesContent: [], sourceRoot: '' }).findEntry(line, column)
    return 'originalSource' in entry && entry.originalSource !== undefined
      ? `${entry.originalSource}:${entry.originalLine}:${entry.originalColumn}`
      : undefined
  }
  const everywhere = (map: typeof whole) => [
    ...[said(map, 0, 3), said(map, 1, 3), said(map, 1, 9), said(map, 3, 0), said(map, 4, 5)],
    ...[said(map, 5, 0), said(map, 6, 5)],
  ]
  expect(everywhere(slim)).toEqual([
    ...[undefined, '../src/main.ts:20:4', '../src/main.ts:21:0', undefined, undefined],
    ...[undefined, '../src/main.ts:22:0'],
  ])
  expect(everywhere(whole)).not.toContain(undefined)
})
