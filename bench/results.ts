import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Figure, isMet, rounded } from './figure.ts'

const root = path.join(import.meta.dirname, '..')
const file = path.join(import.meta.dirname, 'results.json')

interface Stored {
  readonly commit: string
  readonly machine: string
  readonly date: string
  readonly value: number
  readonly unit: string
  readonly aim: string
  readonly met: boolean
  readonly beside: Figure['beside']
}

/** Every figure that was ever measured here, by name; those of another commit say so. For people to read. */
export function table(): string {
  const here = commit()
  const rows = Object.entries(read()).map(([name, { value, unit, aim, met, commit: measured, beside }]) => {
    const figure = `${value} ${unit}`.padEnd(20)
    const verdict = met ? 'met' : 'missed'
    const note = measured === here ? '' : `  of ${measured}`
    const others = Object.entries(beside).map(([key, other]) => `${key} ${other}`)
    return `  ${name.padEnd(26)}${figure}${aim.padEnd(10)}${verdict}${note}\n    ${others.join(', ') || '-'}`
  })
  return rows.join('\n')
}

/** Puts figures into bench/results.json, each with the commit that it belongs to; those of other groups stay. */
export function store(figures: readonly Figure[]): void {
  const before = read()
  const stamp = {
    commit: commit(),
    machine: `${os.availableParallelism()} cores, ${os.arch()}, Node ${process.version}`,
    date: new Date().toISOString(),
  }
  const now = figures.map((figure): [string, Stored] => {
    const { name, value, unit, aim, beside } = figure
    return [
      name,
      { ...stamp, value: rounded(value), unit, aim: `${aim.op} ${aim.value}`, met: isMet(figure), beside },
    ]
  })
  const all = Object.entries({ ...before, ...Object.fromEntries(now) }).sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`)
}

function read(): Record<string, Stored> {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', 'src', 'package.json') !== ''
  return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`
}
