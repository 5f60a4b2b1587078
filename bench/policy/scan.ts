// Plans a registry as a RegistryPolicy does and prints what it took, from the start of the program. What it read lies in the workspace afterwards, for the next one. Bundled
// before it runs.
import { planPolicy } from '#controllers/policy-planner.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { RegistryPool } from '#registry/pool.ts'
import { compileRules } from '#retention/compiled-rule.ts'
import { policyRepository } from '#scan/kept-artifact.ts'
import { keepMemory, readMemory } from '#scan/kept-memory.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { systemClock } from '#time/clock.ts'
import { statusMb } from '../support/own-process.ts'
import { RULES } from './rules.ts'

export interface ScanInput {
  readonly url: string
  readonly host: string
  readonly caPem: string | undefined
  readonly connections: number
  /** References in use. */
  readonly used: readonly string[]
  /** Whether what lies in the workspace is read first. */
  readonly warm: boolean
}

export interface ScanOutput {
  readonly tags: number
  readonly evict: number
  readonly requests: number
  /** From the first request of the scan to the last. */
  readonly readMs: number
  /** To read what an earlier scan has kept. */
  readonly memoryMs: number
  /** All of it, the start of the program too; keeping what was read not. */
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakMb: number
  readonly keepMs: number
}

const input: ScanInput = JSON.parse(process.argv[2] ?? '')
const { signal } = new AbortController()
const call = { signal, lane: 'bulk' } as const
let requests = 0
let lastAt = 0
const pool = new RegistryPool({
  clock: systemClock,
  userAgent: 'bench',
  observer: {
    finished: () => {
      requests += 1
      lastAt = performance.now()
    },
  },
})
const limits = RegistrySpec.parse({ url: input.url, limits: { concurrency: input.connections } }).limits
const client = pool.client({ url: input.url, caPem: input.caPem, limits })
// As whoever opens a Registry does.
await client.ping()
const refs = { registryRef: { name: 'bench' }, inventoryRef: { name: 'bench' } }
const spec = RegistryPolicySpec.parse({ ...refs, schedule: '0 3 * * *', rules: RULES })
const coveredMs = 31 * 86_400_000
const snapshot = snapshotOf(
  input.used.map((image) => imageUse(image)),
  { coveredMs },
)
const registry = { uid: 'bench', url: input.url }
const place = { client, repository: policyRepository('tallyman', 'bench', 'bench'), tag: 'memory' }

const memoryFrom = performance.now()
const kept = input.warm ? await readMemory(place, call) : undefined
if (input.warm && kept === undefined) throw new Error('no scan has left anything in the workspace')
const memoryMs = performance.now() - memoryFrom
requests = 0
const readFrom = performance.now()
const { plan, facts, memory, soak, ledgers } = await planPolicy({
  ...{ spec, rules: compileRules(RULES), policy: 'bench', registry, limits },
  names: { host: input.host, aliases: [] },
  opened: { client, product: 'distribution-3', authenticated: false, skewMs: 0, url: input.url },
  inventories: async () => [{ name: 'bench/bench', snapshot, retainMs: coveredMs }],
  ...{ claims: [], workspaces: ['tallyman'], restored: async () => [], version: 'bench' },
  ...{ went: [], taken: [], unknownReturns: undefined, ledgers: new Map(), acceptedAt: undefined },
  memory: kept?.memory.bindings,
  manifests: kept?.memory.manifests ?? new Map(),
  soak: kept?.memory.soak,
  ...{ clock: systemClock, signal },
})
const wallMs = performance.now()
const { user, system } = process.cpuUsage()
const readMs = lastAt - readFrom
const scanRequests = requests
await keepMemory(place, { bindings: memory, manifests: facts.manifests, soak, ledgers }, new Set(), call)
const output: ScanOutput = {
  ...{ tags: plan.summary.tags, evict: plan.summary.evict, requests: scanRequests, readMs, memoryMs, wallMs },
  ...{ cpuMs: (user + system) / 1000, peakMb: statusMb('VmHWM'), keepMs: performance.now() - wallMs },
}
process.stdout.write(`${JSON.stringify(output)}\n`)
process.exit()
