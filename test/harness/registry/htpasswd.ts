import { execFile } from 'node:child_process'
import { program } from '#test/harness/binaries/programs.ts'

/** One line of an htpasswd file with a bcrypt hash, the only one that registries accept. */
export async function htpasswdLine(username: string, password: string): Promise<string> {
  const command = await program('htpasswd')
  return new Promise((resolve, reject) => {
    // -i takes the password from standard input, so that no process list shows it.
    const child = execFile(command, ['-niB', username], { timeout: 10_000 }, (error, stdout) =>
      error === null ? resolve(`${stdout.trim()}\n`) : reject(error),
    )
    child.stdin?.end(`${password}\n`)
  })
}
