import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Family, ReleaseFile } from '#test/harness/binaries/families.ts'

/** A family of one program that builds in a moment and without a network: it prints the version that was linked in. */
export function tinyFamily(release?: ReleaseFile): Family {
  return {
    name: 'tiny',
    module: 'example.test/tiny',
    programs: [{ name: 'hello', file: 'hello' }],
    buildTime: 'a moment',
    linkerVariables: (version) => ({ 'main.version': version }),
    release: () => release,
  }
}

/** Writes the Go module of the tiny family below `modulesDir`. */
export async function writeTinyModule(modulesDir: string): Promise<void> {
  const command = path.join(modulesDir, 'tiny', 'source', 'cmd', 'hello')
  await mkdir(command, { recursive: true })
  const main = 'package main\n\nvar version = "none"\n\nfunc main() { println("hello " + version) }\n'
  const mod = [
    'module example.test/tools',
    'go 1.21',
    'tool example.test/tiny/cmd/hello',
    'require example.test/tiny v1.2.3',
    'replace example.test/tiny => ./source',
    '',
  ]
  await writeFile(path.join(modulesDir, 'tiny', 'go.mod'), mod.join('\n'))
  await writeFile(path.join(modulesDir, 'tiny', 'source', 'go.mod'), 'module example.test/tiny\ngo 1.21\n')
  await writeFile(path.join(command, 'main.go'), main)
}
