import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startProcess } from '#test/harness/process.ts'
import { processesNaming } from '#test/harness/process-list.ts'
import { createStateDir, type StateDir } from '#test/harness/state-dir.ts'
import { eventually } from '#test/harness/wait.ts'

describe('a child process', () => {
  let state: StateDir
  beforeEach(async () => {
    state = await createStateDir('process')
  })
  afterEach(() => state.remove())

  const shell = (script: string, ready: (log: string) => boolean, readyTimeoutMs = 10_000) => {
    const logFile = path.join(state.path, 'log')
    return startProcess({
      name: 'shell',
      command: '/bin/sh',
      args: ['-c', script],
      logFile,
      readyTimeoutMs,
      ready: async () => ready(await readFile(logFile, 'utf8')),
    })
  }

  it('is ready when its condition holds, and ends on SIGTERM', async () => {
    const child = await shell('echo up; exec sleep 60', (log) => log.includes('up'))
    expect(child.running).toBe(true)
    expect(await child.stop()).toEqual({ code: null, signal: 'SIGTERM' })
    expect(child.running).toBe(false)
  })

  it('is killed with its children when it does not heed SIGTERM', async () => {
    const script = `trap '' TERM; echo up; while :; do sleep 1; done; : ${state.path}`
    const child = await shell(script, (log) => log.includes('up'))
    expect(await child.stop(50)).toEqual({ code: null, signal: 'SIGKILL' })
    expect(await processesNaming(state.path)).toEqual([])
  })

  it('shows the end of its log when it ends before it is ready', async () => {
    const failing = shell('echo "cannot open the door" >&2; exit 3', () => false)
    await expect(failing).rejects.toThrow(
      /shell ended with exit code 3 before it was ready[\s\S]*cannot open the door/,
    )
  })

  it('is stopped when it does not become ready in time', async () => {
    const late = shell(`echo waiting; exec sleep 60 # ${state.path}`, () => false, 3_000)
    await expect(late).rejects.toThrow(/waited 3000 ms for shell to be ready[\s\S]*waiting/)
    expect(await processesNaming(state.path)).toEqual([])
  })

  it('is stopped when its start is called off, and the reason is told', async () => {
    const logFile = path.join(state.path, 'log')
    const off = new AbortController()
    const starting = startProcess({
      name: 'shell',
      command: '/bin/sh',
      args: ['-c', `echo up; exec sleep 60 # ${state.path}`],
      logFile,
      signal: off.signal,
      ready: async () => {
        if ((await readFile(logFile, 'utf8')).includes('up')) off.abort(new Error('called off'))
        return false
      },
    })
    await expect(starting).rejects.toThrow(/^called off$/)
    expect(await processesNaming(state.path)).toEqual([])
  })

  it('says so when the program does not exist', async () => {
    const missing = startProcess({
      name: 'nothing',
      command: path.join(state.path, 'nothing'),
      args: [],
      logFile: path.join(state.path, 'log'),
      ready: () => true,
    })
    await expect(missing).rejects.toThrow(/ENOENT/)
  })

  it('dies with the process that started it, even by SIGKILL, and its state directory goes too', async () => {
    const here = JSON.stringify(import.meta.dirname)
    const owner = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { startProcess } = await import(${here} + '/process.ts')
         const { createStateDir } = await import(${here} + '/state-dir.ts')
         const { path } = await createStateDir('orphan')
         await startProcess({ name: 'orphan', command: '/bin/sh', args: ['-c', 'sleep 60; : ' + path],
           logFile: path + '/log', ready: () => true })
         process.stdout.write(path)
         setInterval(() => {}, 1000)`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, TALLYMAN_KEEP: '' } },
    )
    const [chunk] = await once(owner.stdout, 'data')
    const orphanDir = String(chunk)
    // Until it has become `sleep`, the child of the shell still has the command line of the shell.
    await eventually(async () => (await processesNaming(orphanDir)).length === 1, {
      message: 'one orphan',
    })
    owner.kill('SIGKILL')
    await eventually(async () => (await processesNaming(orphanDir)).length === 0, {
      message: 'the orphan to die',
    })
    const gone = () =>
      access(orphanDir).then(
        () => false,
        () => true,
      )
    await eventually(gone, { message: 'the state directory to go' })
  })
})
