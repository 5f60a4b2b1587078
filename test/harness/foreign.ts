import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { program } from '#test/harness/binaries/programs.ts'
import { crane } from '#test/harness/foreign/crane.ts'
import type { FlavourMaker, ForeignRegistry } from '#test/harness/foreign/flavour.ts'
import { regctl } from '#test/harness/foreign/regctl.ts'
import { skopeo } from '#test/harness/foreign/skopeo.ts'
import { digestOf } from '#test/harness/images.ts'
import { createStateDir } from '#test/harness/state-dir.ts'

export type ForeignName = 'skopeo' | 'regctl' | 'crane'

/** A client that others wrote: the witness for what a registry really holds. References are `host/repository:tag`. */
export interface ForeignClient {
  readonly name: ForeignName
  /** The bytes of a manifest as the registry serves them. */
  manifest(reference: string): Promise<Buffer>
  tags(repository: string): Promise<readonly string[]>
  /**
   * Pulls everything, all platforms of an index included, into a folder that it keeps until `close`.
   * @returns the digest of every file that arrived, computed from its bytes
   */
  pull(reference: string): Promise<ReadonlySet<string>>
  copy(from: string, to: string): Promise<void>
  /** Removes what was pulled, and the configuration with the credentials in it. */
  close(): Promise<void>
}

/** A client ended with an error; `stderr` holds its reasons. */
export class ForeignClientError extends Error {
  override readonly name = 'ForeignClientError'
  readonly stderr: string

  constructor(client: ForeignName, stderr: string, cause: Error) {
    super(`${client} failed: ${stderr.trim() || cause.message}`, { cause })
    this.stderr = stderr
  }
}

const TIMEOUT_MS = 60_000
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
const FLAVOURS: Readonly<Record<ForeignName, FlavourMaker>> = { skopeo, regctl, crane }

/**
 * Makes a client that can speak to `registries`: their CA, plain HTTP and credentials are in its configuration.
 * Every call ends within a minute. @throws ForeignClientError where the client fails
 */
export async function foreignClient(
  name: ForeignName,
  ...registries: readonly ForeignRegistry[]
): Promise<ForeignClient> {
  const state = await createStateDir(name)
  const file = await program(name)
  const flavour = await FLAVOURS[name](state.path, registries)
  const run = (args: readonly string[]) => execute(name, file, args, flavour.env)
  let pulls = 0
  return {
    name,
    manifest: (reference) => run(flavour.manifest(reference)),
    tags: async (repository) => flavour.parseTags((await run(flavour.tags(repository))).toString()),
    pull: async (reference) => {
      pulls += 1
      const folder = path.join(state.path, `pull-${pulls}`)
      await run(flavour.pull(reference, folder))
      return digestsBelow(folder)
    },
    copy: async (from, to) => {
      await run(flavour.copy(from, to))
    },
    close: () => state.remove(),
  }
}

async function digestsBelow(folder: string): Promise<Set<string>> {
  const digests = new Set<string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) digests.add(digestOf(await readFile(path.join(entry.parentPath, entry.name))))
  }
  return digests
}

function execute(
  name: ForeignName,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      args,
      {
        env: { ...process.env, ...env },
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
        encoding: 'buffer',
      },
      (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new ForeignClientError(name, stderr.toString(), error)),
    )
  })
}
