import { readdir, readFile } from 'node:fs/promises'
import { run } from '#test/harness/binaries/run.ts'

/** The command lines of living processes that contain `text`, for instance a state directory. */
export async function processesNaming(text: string): Promise<string[]> {
  // Minimal Linux images have no `ps`, macOS has no /proc.
  const lines = process.platform === 'linux' ? await fromProc() : await fromPs()
  return lines.filter((line) => line.includes(text))
}

async function fromProc(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  // A process that ends meanwhile has no file any more, and one that has ended but was not waited for has an empty one.
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.map((line) => line.replaceAll('\0', ' '))
}

async function fromPs(): Promise<string[]> {
  return (await run('ps', ['-A', '-ww', '-o', 'args='])).split('\n')
}
