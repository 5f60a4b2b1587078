import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import { forgetProcess, watchProcess } from '#test/harness/watchdog.ts'

export interface RunOptions {
  readonly cwd?: string
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs a program to its end; it is killed if this process dies first.
 * @returns its standard output
 * @throws Error with the end of its standard error, when it fails
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
    const pid = child.pid
    if (pid !== undefined) watchProcess(pid)
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-4_000)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (pid !== undefined) forgetProcess(pid)
      if (code === 0) resolve(stdout)
      else
        reject(new Error(`${command} ${args.join(' ')}: ${signal ?? `exit code ${code}`}\n${stderr.trim()}`))
    })
  })
}

/** The first executable file of this name on the given search path, or undefined. */
export async function findOnPath(
  name: string,
  searchPath: string = process.env.PATH ?? '',
): Promise<string | undefined> {
  for (const folder of searchPath.split(path.delimiter)) {
    const file = path.join(folder, name)
    if (folder !== '' && (await isExecutable(file))) return file
  }
  return undefined
}

/** True where a file exists that this user may execute. */
export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
