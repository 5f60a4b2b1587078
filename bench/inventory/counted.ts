import { codeVersion, readCounts } from '../counts.ts'
import type { Figure } from '../figure.ts'

/** What `make test` and `make mutants` count: shown with the commit that it belongs to, missed where that is not the commit here. */
export function countedFigures(): Figure[] {
  return [
    counted('inventory.model-cases', 'histories', { op: '>=', value: 10_000 }, 'make test'),
    counted('inventory.mutants-alive', 'mutants', { op: '=', value: 0 }, 'make mutants'),
  ]
}

export function counted(name: string, unit: string, aim: Figure['aim'], by: string): Figure {
  const count = readCounts()[name]
  const commit = count?.commit ?? 'none yet'
  return {
    ...{ name, unit, aim, value: count?.value ?? Number.NaN },
    beside: { 'counted by': by, 'at commit': commit, ...count?.beside },
    countedAt: { commit, isHere: commit === codeVersion() },
  }
}
