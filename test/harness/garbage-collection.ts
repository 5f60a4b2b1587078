import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { program } from '#test/harness/binaries/programs.ts'
import { imageSeries } from '#test/harness/images.ts'
import { renderRegistryConfig } from '#test/harness/registry/config.ts'
import type { TestRegistry } from '#test/harness/registry.ts'
import { createStateDir } from '#test/harness/state-dir.ts'
import type { StorageWriter } from '#test/harness/storage.ts'
import { forgetProcess, watchProcess } from '#test/harness/watchdog.ts'

export interface CollectionOptions {
  /** `-m`: manifests that no tag names go, too. */
  readonly untagged?: boolean
}

/** A garbage collection under way. */
export interface Collection {
  /** Lets it go on. Resolves with what it said, when it has ended. @throws Error where it failed */
  finish(): Promise<string>
}

/** Runs the registry's own garbage collection over its storage. @returns what it said */
export async function collectGarbage(
  registry: TestRegistry,
  options: CollectionOptions = {},
): Promise<string> {
  const collection = await beginCollection(registry, () => true, options)
  return collection.finish()
}

/**
 * Begins a garbage collection and holds it as soon as it has said something that `until` waits for: nobody reads on, so that it blocks where it
 * writes, some 300 KB later. See `writePadding`.
 */
export async function beginCollection(
  registry: TestRegistry,
  until: (said: string) => boolean,
  { untagged = false }: CollectionOptions = {},
): Promise<Collection> {
  const state = await createStateDir('garbage-collection')
  const config = path.join(state.path, 'config.yml')
  const { storageDir } = registry
  await writeFile(
    config,
    renderRegistryConfig({ storageDir, address: '127.0.0.1:0', delete: true, readOnly: false, cache: false }),
  )
  const command = await program(registry.version === '3' ? 'registry' : 'docker-registry')
  const child = spawn(command, ['garbage-collect', ...(untagged ? ['-m'] : []), config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  })
  if (child.pid !== undefined) watchProcess(child.pid)
  const { promise: ended, resolve } = Promise.withResolvers<number | null>()
  child.once('close', resolve)
  let said = ''
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (!until(said)) return
    child.stdout.pause()
    reach()
  })
  await Promise.race([reached, ended])
  return {
    finish: async () => {
      child.stdout.removeAllListeners('data').on('data', (text: string) => {
        said += text
      })
      child.stdout.resume()
      const code = await ended
      if (child.pid !== undefined) forgetProcess(child.pid)
      await state.remove()
      if (code !== 0) throw new Error(`garbage-collect ended with ${code}: ${complaints}`)
      return said
    },
  }
}

/** Images of which a garbage collection says so much that one that is held in front of them does not get past them. */
export function writePadding(storage: StorageWriter, prefix: string): void {
  const repository = `${prefix}/${'padding-'.repeat(20)}x`
  for (const image of imageSeries({ seed: prefix, count: 600 })) storage.write(repository, image)
}
