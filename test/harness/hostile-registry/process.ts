import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { run } from '#test/harness/binaries/run.ts'
import { startProcess } from '#test/harness/process.ts'
import { createStateDir } from '#test/harness/state-dir.ts'
import type { HostileRepository } from './modes.ts'

/** One thing that a client does to the hostile registry: a call, or a scan of the tag `latest` of each repository. */
export interface Trial {
  readonly call: 'manifest' | 'tags' | 'catalog' | 'blob' | 'scan'
  readonly repositories: readonly HostileRepository[]
}

const Outcomes = z.array(z.object({ said: z.array(z.string()), growthMb: z.number() }))

export interface TrialOutcome {
  /** The error code of a call, `ok` where there was none; of a scan the repositories, each with its finding codes. */
  readonly said: readonly string[]
  /** Peak of the client's resident memory (VmHWM, MiB) over what it held when it was idle, before its first trial. */
  readonly growthMb: number
}

export interface HostileProcess {
  readonly url: string
  /** Carries out trials one after another, in a process of their own. */
  try(trials: readonly Trial[]): Promise<TrialOutcome[]>
  stop(): Promise<void>
}

/** The hostile registry in a process of its own, so that a client's memory can be told from its. Linux only. */
export async function startHostileProcess(): Promise<HostileProcess> {
  const state = await createStateDir('hostile')
  const logFile = path.join(state.path, 'hostile.log')
  const url = async () => /^http:\S+$/m.exec(await readFile(logFile, 'utf8'))?.[0]
  const server = await startProcess({
    name: 'hostile registry',
    command: process.execPath,
    args: [script('server.ts')],
    logFile,
    ready: async () => (await url()) !== undefined,
  })
  const address = (await url()) ?? ''
  return {
    url: address,
    try: async (trials) => {
      const args = ['--expose-gc', script('client.ts'), JSON.stringify({ url: address, trials })]
      return Outcomes.parse(JSON.parse(await run(process.execPath, args)))
    },
    stop: async () => {
      await server.stop()
      await state.remove()
    },
  }
}

function script(name: string): string {
  return path.join(import.meta.dirname, name)
}
