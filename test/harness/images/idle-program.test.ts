import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { idleProgram } from '#test/harness/images/idle-program.ts'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

test('the idle program runs until it is ended', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'tallyman-idle-'))
  try {
    const file = path.join(directory, 'idle')
    await writeFile(file, idleProgram(ARCHITECTURES[process.arch] ?? ''), { mode: 0o755 })
    const child = spawn(file)
    const ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    child.kill('SIGTERM')
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM' })
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('there is one for each architecture of a test, and none for another', () => {
  // The third field of an ELF header says for which machine.
  expect(['amd64', 'arm64'].map((architecture) => idleProgram(architecture).readUInt16LE(18))).toEqual([
    62, 183,
  ])
  expect(() => idleProgram('s390x')).toThrow('no idle program for s390x')
})
