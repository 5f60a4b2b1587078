import type { TestRegistry } from '#test/harness/registry.ts'

/** What a foreign client must know of a registry; a TestRegistry has it all. */
export type ForeignRegistry = Pick<TestRegistry, 'url' | 'host' | 'caPem' | 'credentials'>

/** How one client is configured and called: its environment, and the arguments of each thing we ask of it. */
export interface Flavour {
  readonly env: Readonly<Record<string, string>>
  manifest(reference: string): readonly string[]
  tags(repository: string): readonly string[]
  parseTags(output: string): readonly string[]
  pull(reference: string, folder: string): readonly string[]
  copy(from: string, to: string): readonly string[]
}

/** Writes the client's configuration into `dir` and says how to call it. */
export type FlavourMaker = (dir: string, registries: readonly ForeignRegistry[]) => Promise<Flavour>

export function nonEmptyLines(output: string): string[] {
  return output.split('\n').filter((line) => line !== '')
}
