import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** Runs a program to its end and returns what it printed. @throws Error with its standard error */
export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  // Not the arguments: some are lists of a thousand digests, others hold a token.
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr.trim().slice(-4_000)}`)
  return stdout
}

/** A script of bench/ in a Node of its own; it prints one JSON object on its last line. */
export async function runScript<T>(script: string, input: object, flags: readonly string[] = []): Promise<T> {
  const printed = await run(process.execPath, [...flags, script, JSON.stringify(input)])
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '')
}
