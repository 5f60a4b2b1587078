import type { RegistryClient } from '#registry/client.ts'
import { RegistryPool } from '#registry/pool.ts'
import { type RegistryOptions, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { systemClock } from '#time/clock.ts'

/** A real registry, and a client of ours that speaks to it. */
export interface RegistryWithClient {
  readonly registry: TestRegistry
  readonly client: RegistryClient
  stop(): Promise<void>
}

export async function startRegistryWithClient(options: RegistryOptions): Promise<RegistryWithClient> {
  const registry = await startRegistry(options)
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  return {
    registry,
    client: pool.client({ url: registry.url, limits: { concurrency: 8 } }),
    stop: async () => {
      await pool.close()
      await registry.stop()
    },
  }
}
