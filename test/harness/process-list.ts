import { readdir, readFile } from 'node:fs/promises'
import { run } from '#test/harness/binaries/run.ts'

/** The command lines of living processes that contain `text`, for instance a state directory. */
export async function processesNaming(text: string): Promise<string[]> {
  // Minimal Linux images have no `ps`, macOS has no /proc.
  const lines = process.platform === 'linux' ? await fromProc() : await fromPs()
  return lines.filter((line) => line.includes(text))
}

/** The pids of those processes. Linux only. */
export async function pidsNaming(text: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const named = await Promise.all(pids.map(async (pid) => (await commandLine(pid)).includes(text)))
  return pids.filter((_, at) => named[at]).map(Number)
}

async function fromProc(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return Promise.all(pids.map(commandLine))
}

/** Empty for a process that ends meanwhile, and for one that has ended but was not waited for. */
async function commandLine(pid: string): Promise<string> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return line.replaceAll('\0', ' ')
}

async function fromPs(): Promise<string[]> {
  return (await run('ps', ['-A', '-ww', '-o', 'args='])).split('\n')
}
