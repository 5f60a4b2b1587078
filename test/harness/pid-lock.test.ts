import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { judgeLock, lock, processStart, tryLock } from '#test/harness/pid-lock.ts'
import { createStateDir, type StateDir } from '#test/harness/state-dir.ts'
import { eventually } from '#test/harness/wait.ts'

describe('judging a lock file', () => {
  it.each([
    ['no file is free', undefined, 'free'],
    ['a living owner holds it', '7 100\n', 'held'],
    ['a later process with the same pid does not', '7 99\n', 'stale'],
    ['a dead owner does not', '8 100\n', 'stale'],
    ['what is no lock is taken over', 'half a wri', 'stale'],
  ])('%s', (_title, content, expected) => {
    const startOf = (pid: number) => (pid === 7 ? '100' : undefined)
    expect(judgeLock(content, startOf).kind).toBe(expected)
  })
})

describe('a lock between processes', () => {
  let state: StateDir
  beforeEach(async () => {
    state = await createStateDir('lock')
  })
  afterEach(() => state.remove())

  const holder = (file: string) =>
    spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { lock } from ${JSON.stringify(path.join(import.meta.dirname, 'pid-lock.ts'))}
         await lock(${JSON.stringify(file)}, () => {})
         process.stdout.write('locked')
         setInterval(() => {}, 1000)`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: path.resolve(import.meta.dirname, '../..') },
    )

  it('keeps the second out while the first lives, and lets it in when the first was killed', async () => {
    const file = path.join(state.path, 'lock')
    const first = holder(file)
    await once(first.stdout, 'data')
    expect(await tryLock(file)).toBeUndefined()

    let waitedFor: number | undefined
    const second = lock(file, (owner) => {
      waitedFor = owner?.pid
    })
    await eventually(() => waitedFor === first.pid, { message: 'the second to wait for the first' })
    first.kill('SIGKILL')
    await once(first, 'exit')
    const release = await second
    expect(await readFile(file, 'utf8')).toContain(String(process.pid))
    await release()
    expect(await readdir(state.path)).toEqual([])
  })

  it('lets one at a time in, of many in the same process', async () => {
    const file = path.join(state.path, 'lock')
    let inside = 0
    let most = 0
    const work = async () => {
      const release = await lock(file, () => undefined)
      inside += 1
      most = Math.max(most, inside)
      await processStart(process.pid)
      inside -= 1
      await release()
    }
    await Promise.all([work(), work(), work()])
    expect(most).toBe(1)
  })

  it('takes over what a torn write left', async () => {
    const file = path.join(state.path, 'lock')
    await writeFile(file, '12')
    expect(await tryLock(file)).toBeDefined()
  })
})
