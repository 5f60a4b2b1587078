import { existsSync } from 'node:fs'
import path from 'node:path'
import type { PlacedMutant } from './all.ts'

const ROOT = path.join(import.meta.dirname, '../..')

/** Tests that run together. */
export interface TestSet {
  readonly files: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What takes longer hangs. On two idle cores each takes less than a tenth of that. */
  readonly limitMs: number
}

const UNIT: TestSet = { files: ['src/inventory'], limitMs: 180_000 }
/** A fifth of the histories reaches every rule as well, and one failure is not looked into. */
const MODEL: TestSet = {
  files: ['test/model/inventory.test.ts'],
  env: { TALLYMAN_HISTORIES: '2000', TALLYMAN_MUTANT: '1' },
  limitMs: 300_000,
}
const RETENTION_UNIT: TestSet = { files: ['src/retention'], limitMs: 180_000 }
const RETENTION_MODEL: TestSet = {
  files: ['test/model/retention'],
  env: { TALLYMAN_WORLDS: '5000' },
  limitMs: 300_000,
}

/**
 * What has to notice a mutant, the cheapest first: few survive the tests beside the code. What only the model notices is a protection
 * whose unit test is missing; it counts all the same.
 */
export function testsOf({ file, tests }: PlacedMutant): readonly TestSet[] {
  if (tests !== undefined) return [withServers(tests)]
  const beside = file.replace(/\.ts$/, '.test.ts')
  if (file.startsWith('src/retention/')) return [RETENTION_UNIT, RETENTION_MODEL]
  if (!file.startsWith('src/inventory/')) return [withServers([beside])]
  const first = existsSync(path.join(ROOT, beside)) ? [{ ...UNIT, files: [beside] }] : []
  return [...first, UNIT, MODEL]
}

function withServers(files: readonly string[]): TestSet {
  return { files, limitMs: 300_000 }
}
