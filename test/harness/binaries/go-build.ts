import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import type { Family, Program } from '#test/harness/binaries/families.ts'
import type { FamilyModule } from '#test/harness/binaries/family-version.ts'
import { programOfPackage } from '#test/harness/binaries/go-mod.ts'
import { run } from '#test/harness/binaries/run.ts'

/**
 * Builds programs of a family through its Go module and puts each into `targetDir` when all are complete. What an
 * interrupted build had compiled lies in Go's own build cache, so that the next one goes on from there.
 * @param staging a folder of ours on the same file system as `targetDir`
 * @throws Error with what Go said
 */
export async function goBuild(
  family: Family,
  module: FamilyModule,
  programs: readonly Program[],
  targetDir: string,
  staging: string,
): Promise<void> {
  const packages = programs.map((program) => packageOf(module, program))
  const variables = Object.entries(family.linkerVariables(module.version))
  const ldflags = ['-s -w', ...variables.map(([name, value]) => `-X ${name}=${value}`)].join(' ')
  const tags = family.tags === undefined ? [] : ['-tags', family.tags.join(',')]
  await mkdir(staging, { recursive: true })
  // The slash at the end says that it is a directory: each program gets its own file there.
  await run('go', ['build', '-trimpath', ...tags, '-ldflags', ldflags, '-o', `${staging}/`, ...packages], {
    cwd: module.directory,
    env: { CGO_ENABLED: '0', GOWORK: 'off' },
  })
  await mkdir(targetDir, { recursive: true })
  for (const { file } of programs) await rename(path.join(staging, file), path.join(targetDir, file))
}

function packageOf(module: FamilyModule, program: Program): string {
  const found = module.goMod.tools.find((tool) => programOfPackage(tool) === program.file)
  if (found === undefined)
    throw new Error(`${module.directory}/go.mod has no tool directive for ${program.file}`)
  return found
}
