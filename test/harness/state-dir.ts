import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { removeAtEnd } from '#test/harness/watchdog.ts'

/** A directory of one test server or cluster. It goes with `remove`, at the latest with this process. */
export interface StateDir {
  readonly path: string
  remove(): Promise<void>
}

/** Creates an empty directory below the system's temporary one. With TALLYMAN_KEEP=1 it stays, for reading its logs. */
export async function createStateDir(label: string): Promise<StateDir> {
  const directory = await mkdtemp(path.join(tmpdir(), `tallyman-${label}-`))
  const keep = process.env.TALLYMAN_KEEP === '1'
  if (!keep) removeAtEnd(directory)
  return {
    path: directory,
    remove: async () => {
      if (!keep) await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
