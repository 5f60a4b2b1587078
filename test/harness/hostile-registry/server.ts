import { startHostileRegistry } from '../hostile-registry.ts'

/** The hostile registry as a process of its own: says its URL on its first line, and serves until it is stopped. */
const registry = await startHostileRegistry()
process.stdout.write(`${registry.url}\n`)
