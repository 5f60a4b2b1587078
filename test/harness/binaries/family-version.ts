import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Family } from '#test/harness/binaries/families.ts'
import { type GoMod, parseGoMod } from '#test/harness/binaries/go-mod.ts'

/** test/binaries, whatever the current directory is. */
export const MODULES_DIR = path.resolve(import.meta.dirname, '../../binaries')

export interface FamilyModule {
  /** The folder with its go.mod. */
  readonly directory: string
  readonly goMod: GoMod
  /** `v1.37.2` */
  readonly version: string
}

/**
 * Reads the Go module of a family, the only place that states its version.
 * @throws Error when it does not require the module that the family is named after
 */
export async function readFamilyModule(
  family: Family,
  modulesDir: string = MODULES_DIR,
): Promise<FamilyModule> {
  const directory = path.join(modulesDir, family.name)
  const goMod = parseGoMod(await readFile(path.join(directory, 'go.mod'), 'utf8'))
  const version = goMod.requires.get(family.module)
  if (version === undefined) throw new Error(`${directory}/go.mod does not require ${family.module}`)
  return { directory, goMod, version }
}
