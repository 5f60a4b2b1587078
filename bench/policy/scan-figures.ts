import path from 'node:path'
import { imageNodeFlags } from '#test/harness/node-flags.ts'
import { type Figure, rounded } from '../figure.ts'
import { bundled } from '../support/bundle.ts'
import { runScript } from '../support/child.ts'
import { wrkRate } from '../support/wrk.ts'
import type { ScanInput, ScanOutput } from './scan.ts'
import { scanFixture } from './scan-fixture.ts'

const REPOSITORIES = 200
const WRK = { connections: 16, seconds: 8 }

/**
 * So many tags read by a process that knows nothing of them, and by another one that reads what the first has kept. Once: a registry of this size takes a minute
 * to write, and another to read.
 */
export async function scanFigures(folder: string, tags: number): Promise<Figure[]> {
  const bundle = await bundled(path.join(import.meta.dirname, 'scan.ts'), folder)
  const fixture = await scanFixture(REPOSITORIES, Math.ceil(tags / REPOSITORIES))
  const { registry, luaScript } = fixture
  try {
    const { url, host, caPem } = registry
    const used = fixture.used.map((name) => `${host}/${name}`)
    const scan = (warm: boolean) => {
      const input: ScanInput = { url, host, caPem, connections: WRK.connections, used, warm }
      return runScript<ScanOutput>(bundle, input, imageNodeFlags())
    }
    const before = await wrkRate(registry, luaScript, WRK)
    const cold = await scan(false)
    const after = await wrkRate(registry, luaScript, WRK)
    return figures((before + after) / 2, cold, await scan(true))
  } finally {
    await registry.stop()
  }
}

function figures(wrk: number, cold: ScanOutput, warm: ScanOutput): Figure[] {
  const rate = (cold.requests / cold.readMs) * 1000
  return [
    {
      name: 'policy.scan',
      value: rate / wrk,
      unit: 'x',
      aim: { op: '>=', value: 0.8 },
      beside: {
        ...{ tags: cold.tags, evict: cold.evict, requests: cold.requests },
        'requests/s': rounded(rate),
        'wrk requests/s': rounded(wrk),
        'CPU ms': rounded(cold.cpuMs),
        'peak MB': rounded(cold.peakMb),
      },
    },
    {
      name: 'policy.scan-warm',
      value: warm.wallMs / cold.wallMs,
      unit: 'x',
      aim: { op: '<=', value: 0.5 },
      beside: {
        ...{ tags: warm.tags, requests: warm.requests },
        'cold ms': rounded(cold.wallMs),
        'warm ms': rounded(warm.wallMs),
        'of it reading the workspace ms': rounded(warm.memoryMs),
        'keeping it ms': rounded(cold.keepMs),
        'CPU ms': rounded(warm.cpuMs),
        'peak MB': rounded(warm.peakMb),
      },
    },
  ]
}
