import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type ProgressStream, withProgress } from '#test/harness/binaries/progress.ts'
import { findOnPath, isExecutable, run } from '#test/harness/binaries/run.ts'
import { lock } from '#test/harness/pid-lock.ts'

/** Programs that are not to be had as Go modules → the Debian (and Ubuntu) package that holds them. */
export const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  'docker-registry': 'docker-registry',
  skopeo: 'skopeo',
  wrk: 'wrk',
  htpasswd: 'apache2-utils',
  runc: 'runc',
}

/** Installed, these would start a service on all addresses of the machine: they are only ever unpacked. */
const WITH_SERVICE = ['docker-registry']

/**
 * Finds a program on PATH or in the cache. Otherwise installs its package when we are root, or unpacks it into the
 * cache with those libraries that the system lacks, which also happens where the package brings a service.
 * @returns the program's file
 * @throws Error that says which package to install, where there is no apt
 */
export async function prepareDebianProgram(
  name: string,
  cacheDir: string,
  stream: ProgressStream = process.stderr,
): Promise<string> {
  const root = path.join(cacheDir, 'debian', name)
  const wrapper = path.join(root, 'run')
  const find = async () => (await findOnPath(name)) ?? ((await isExecutable(wrapper)) ? wrapper : undefined)
  const found = await find()
  if (found !== undefined) return found

  const debianPackage = DEBIAN_PACKAGES[name] ?? name
  if ((await findOnPath('apt-get')) === undefined) {
    throw new Error(
      `${name} is not on PATH and there is no apt-get here. Install what holds it (on Debian: ${debianPackage}).`,
    )
  }
  const release = await lock(path.join(cacheDir, 'debian', 'lock'), (owner) => {
    stream.write(`${name}: waiting for process ${owner?.pid ?? 'unknown'}, which uses apt-get\n`)
  })
  try {
    const meanwhile = await find()
    if (meanwhile !== undefined) return meanwhile
    const isRoot = process.getuid?.() === 0
    if (isRoot) await withProgress(`${name}: apt-get update`, () => apt('update'), stream)
    if (isRoot && !WITH_SERVICE.includes(name)) {
      const installing = () => apt('install', '-y', '--no-install-recommends', debianPackage)
      await withProgress(`${name}: apt-get install ${debianPackage}`, installing, stream)
    } else {
      await withProgress(
        `${name}: unpacking ${debianPackage}`,
        () => unpack(name, debianPackage, root),
        stream,
      )
    }
  } finally {
    await release()
  }
  const file = await find()
  if (file === undefined) throw new Error(`the package ${debianPackage} was installed, but holds no ${name}`)
  return file
}

async function apt(...args: string[]): Promise<void> {
  // Without a terminal it must ask nothing.
  await run('apt-get', ['-q', ...args], { env: { DEBIAN_FRONTEND: 'noninteractive' } })
}

/** Package and missing libraries unpacked below `root`, and a script `run` that lets it find them. */
export async function unpack(name: string, debianPackage: string, root: string): Promise<void> {
  const staging = `${root}.staging`
  await rm(staging, { recursive: true, force: true })
  await mkdir(staging, { recursive: true })
  const packages = [debianPackage, ...(await missingDependencies(debianPackage))]
  await run('apt-get', ['download', ...packages], { cwd: staging })
  for (const file of await readdir(staging)) {
    if (!file.endsWith('.deb')) continue
    await run('dpkg', ['-x', path.join(staging, file), path.join(staging, 'files')])
    await rm(path.join(staging, file))
  }
  const script = [
    '#!/bin/sh',
    'files="$(dirname "$0")/files"',
    'for folder in "$files"/lib/*-linux-* "$files"/usr/lib/*-linux-*; do',
    '  [ -d "$folder" ] && LD_LIBRARY_PATH="$folder:$LD_LIBRARY_PATH"',
    'done',
    'export LD_LIBRARY_PATH',
    `exec "$files/usr/bin/${name}" "$@"`,
    '',
  ].join('\n')
  await writeFile(path.join(staging, 'run'), script)
  await chmod(path.join(staging, 'run'), 0o755)
  await rm(root, { recursive: true, force: true })
  await rename(staging, root)
}

async function missingDependencies(debianPackage: string): Promise<string[]> {
  const flags = [
    '--recurse',
    '--no-recommends',
    '--no-suggests',
    '--no-conflicts',
    '--no-breaks',
    '--no-replaces',
    '--no-enhances',
  ]
  const depends = parseDepends(await run('apt-cache', ['depends', ...flags, debianPackage]))
  // Lines of `name<tab>version`, the name with its architecture where several can be installed.
  const known = (await run('dpkg-query', ['-W'])).split('\n')
  const installed = new Set(known.map((line) => line.split(/[:\t]/)[0]))
  return depends.filter((name) => name !== debianPackage && !installed.has(name))
}

/** The packages of `apt-cache depends --recurse`: its unindented lines. Virtual ones stand in angle brackets. */
export function parseDepends(output: string): string[] {
  return output.split('\n').filter((line) => /^[a-z0-9]/.test(line))
}
