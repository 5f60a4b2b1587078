import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const file = path.join(import.meta.dirname, 'counts.json')

/** A number that tests or soak came to, with the commit that it is true of. */
export interface Count {
  readonly value: number
  readonly commit: string
  readonly date: string
}

/** Keeps a count for `make bench`, which shows it as missed on any other commit. */
export function recordCount(name: string, value: number): void {
  const counts = { ...readCounts(), [name]: { value, commit: codeVersion(), date: new Date().toISOString() } }
  const sorted = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
}

export function readCounts(): Readonly<Record<string, Count>> {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/** The commit that src/ and test/ were changed in last, with a note where they are changed since. */
export function codeVersion(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', 'src', 'test', 'package.json') !== ''
  return `${git('log', '-1', '--format=%h', '--', 'src', 'test', 'package.json')}${changed ? ' with changes' : ''}`
}
