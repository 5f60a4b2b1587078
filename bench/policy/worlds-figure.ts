import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Figure } from '../figure.ts'
import { counted } from '../inventory/counted.ts'

const TEST = 'test/model/retention/retention.test.ts'

/**
 * Generated worlds in which plans are held against the reference and no route to harm is found: the test counts them. `make test` takes fewer.
 * @param least with fewer the aim is missed
 * @throws Error where one of them shows a mistake
 */
export async function worldsFigure(least: number): Promise<Figure> {
  const env = { ...process.env, TALLYMAN_WORLDS: String(least) }
  const script = path.join(import.meta.dirname, '../../scripts/test')
  const [code]: unknown[] = await once(spawn(script, [TEST], { env, stdio: 'inherit' }), 'close')
  if (code !== 0) throw new Error(`TALLYMAN_WORLDS=${least} make test ONLY=${TEST} failed`)
  return counted('policy.worlds', 'worlds', { op: '>=', value: least }, 'make bench ONLY=policy')
}
