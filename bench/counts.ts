import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const file = path.join(import.meta.dirname, 'counts.json')
const CODE = ['--', 'src', 'test', 'package.json']

/** A number that tests or soak came to, with the commit that it is true of. */
export interface Count {
  readonly value: number
  readonly commit: string
  /** What it took to come to it. */
  readonly beside?: Readonly<Record<string, number>> | undefined
}

/** Keeps a count for `make bench`, which shows it as missed on any other commit. */
export function recordCount(name: string, value: number, beside?: Count['beside']): void {
  const commit = codeVersion()
  // Outside of a clone nobody could tell what it is true of.
  if (commit === undefined) return
  const counts = { ...readCounts(), [name]: { value, commit, beside } }
  const sorted = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
}

export function readCounts(): Readonly<Record<string, Count>> {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/** The commit that src/ and test/ were changed in last, with a note where they are changed since. Undefined outside of a clone. */
export function codeVersion(): string | undefined {
  const commit = git('log', '-1', '--format=%h', ...CODE)
  const changes = git('--no-optional-locks', 'status', '--porcelain', ...CODE)
  if (commit === undefined || changes === undefined) return undefined
  return changes === '' ? commit : `${commit} with changes`
}

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}
