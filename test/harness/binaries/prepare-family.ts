import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { type Downloader, NotDownloadable } from '#test/harness/binaries/download.ts'
import type { Family, Platform, Program } from '#test/harness/binaries/families.ts'
import { type FamilyModule, MODULES_DIR, readFamilyModule } from '#test/harness/binaries/family-version.ts'
import { goBuild } from '#test/harness/binaries/go-build.ts'
import { type ProgressStream, withProgress } from '#test/harness/binaries/progress.ts'
import { findOnPath, isExecutable } from '#test/harness/binaries/run.ts'
import { cacheDirectory, chooseSource, familyDirectory } from '#test/harness/binaries/source.ts'
import { lock } from '#test/harness/pid-lock.ts'

export interface PrepareOptions {
  readonly downloader: Downloader
  /** Folder of the Go modules, default test/binaries. */
  readonly modulesDir?: string
  /** Default: as the environment says. */
  readonly cacheDir?: string
  readonly assets?: string | undefined
  readonly progress?: ProgressStream
}

/**
 * Makes every program of a family available, fetching or building only what is missing. Of several processes that
 * want the same family, one works and the others wait.
 * @returns program name → file
 * @throws Error that says what was tried and what to install, when there is no way
 */
export async function prepareFamily(
  family: Family,
  options: PrepareOptions,
): Promise<ReadonlyMap<string, string>> {
  const module = await readFamilyModule(family, options.modulesDir ?? MODULES_DIR)
  const cacheDir = options.cacheDir ?? cacheDirectory(process.env)
  const places = { assets: options.assets ?? process.env.KUBEBUILDER_ASSETS, cacheDir }
  const targetDir = familyDirectory(cacheDir, family, module.version)
  const look = async () => {
    const found = new Map<string, string>()
    const missing: Program[] = []
    for (const program of family.programs) {
      const source = await chooseSource(family, program, module.version, places, isExecutable)
      if (source.kind === 'missing') missing.push(program)
      else found.set(program.name, source.path)
    }
    return { found, missing }
  }
  const first = await look()
  if (first.missing.length === 0) return first.found

  const title = `${family.name} ${module.version}`
  const stream = options.progress ?? process.stderr
  const release = await lock(`${targetDir}.lock`, (owner) => {
    stream.write(`${title}: waiting for process ${owner?.pid ?? 'unknown'}, which prepares it\n`)
  })
  try {
    await removeLeftovers(targetDir)
    const { missing } = await look()
    const staging = path.join(cacheDir, 'bin', `${path.basename(targetDir)}.staging-${process.pid}`)
    await obtain({
      family,
      module,
      missing,
      targetDir,
      staging,
      title,
      stream,
      downloader: options.downloader,
    })
    await rm(staging, { recursive: true, force: true })
    const second = await look()
    const lacking = second.missing.map((program) => program.file).join(', ')
    if (lacking !== '') throw new Error(`${title}: ${lacking} did not come out in ${targetDir}`)
    return second.found
  } finally {
    await release()
  }
}

/** Staging folders of runs that were interrupted. Under the lock nobody else can be using one. */
async function removeLeftovers(targetDir: string): Promise<void> {
  const parent = path.dirname(targetDir)
  await mkdir(parent, { recursive: true })
  for (const entry of await readdir(parent)) {
    if (entry.startsWith(`${path.basename(targetDir)}.staging-`)) {
      await rm(path.join(parent, entry), { recursive: true, force: true })
    }
  }
}

interface Task {
  readonly family: Family
  readonly module: FamilyModule
  readonly missing: readonly Program[]
  readonly targetDir: string
  readonly staging: string
  readonly title: string
  readonly stream: ProgressStream
  readonly downloader: Downloader
}

async function obtain(task: Task): Promise<void> {
  const { family, module, targetDir, staging, title, stream } = task
  const toBuild: Program[] = []
  const reasons = new Set<string>()
  for (const program of task.missing) {
    const reason = await tryDownload(task, program)
    if (reason === undefined) continue
    toBuild.push(program)
    reasons.add(reason)
  }
  if (toBuild.length === 0) return
  if ((await findOnPath('go')) === undefined) {
    throw new Error(
      `${title}: ${toBuild.map((program) => program.name).join(', ')} cannot be had. ` +
        `No download: ${[...reasons].join('; ')}. No build: there is no Go on PATH. ` +
        `Install Go ${module.goMod.go} or newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder that holds them.`,
    )
  }
  await withProgress(
    `${title}: building (${family.buildTime})`,
    () => goBuild(family, module, toBuild, targetDir, staging),
    stream,
  )
}

/** @returns why it could not be downloaded; undefined when it was */
async function tryDownload(task: Task, program: Program): Promise<string | undefined> {
  const platform = currentPlatform()
  const release = platform && task.family.release(program, task.module.version, platform)
  if (release === undefined) return `no release for ${process.platform} ${process.arch}`
  const target = path.join(task.targetDir, program.file)
  try {
    const checksum = await task.downloader.checksum(release)
    await withProgress(
      `${task.title}: downloading ${program.name}`,
      () => task.downloader.download(release, checksum, target, task.staging),
      task.stream,
    )
    return undefined
  } catch (error) {
    if (error instanceof NotDownloadable) return error.message
    throw error
  }
}

function currentPlatform(): Platform | undefined {
  const os = process.platform === 'linux' || process.platform === 'darwin' ? process.platform : undefined
  if (os === undefined) return undefined
  if (process.arch === 'x64') return { os, arch: 'amd64' }
  return process.arch === 'arm64' ? { os, arch: 'arm64' } : undefined
}
