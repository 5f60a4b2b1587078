import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { REASONS } from '#retention/reasons.ts'

const DOCS = path.join(import.meta.dirname, '../docs/retention.md')

test('the documentation has every reason, in its order and with its meaning', async () => {
  const rows = [...(await readFile(DOCS, 'utf8')).matchAll(/^\| `(\w+)` \| (stays|goes) \| (.+) \|$/gm)]
  const expected = Object.entries(REASONS).map(([code, { verdict, means }]) => [
    ...[code, verdict === 'keep' ? 'stays' : 'goes', means],
  ])
  expect(rows.map(([, code, verdict, means]) => [code, verdict, means])).toEqual(expected)
})
