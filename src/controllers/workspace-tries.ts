import type { RegistryObject } from '#controllers/resources.ts'
import type { RegistryStatus } from '#crds/registry.ts'
import { getCondition, removeCondition, type Stamp, setCondition } from '#runtime/conditions.ts'
import { keyOf } from '#runtime/object-key.ts'

/** What the last try of a check to keep its report came to. */
export interface WorkspaceTry {
  /** Of the Registry that names the workspace: what an older spec named says nothing about this one. */
  readonly generation: number
  /** Who tried and what was in the way; undefined: the report is kept. */
  readonly problem: string | undefined
}

/** The last try to keep a report in the workspace of each Registry: checks make them, and the status of the Registry tells of them. */
export class WorkspaceTries {
  readonly #tries = new Map<string, WorkspaceTry>()
  readonly #listeners = new Set<(key: string) => void>()

  of(registry: RegistryObject): WorkspaceTry | undefined {
    return this.#tries.get(keyOf(registry))
  }

  set(registry: RegistryObject, problem: string | undefined): void {
    const key = keyOf(registry)
    const before = this.#tries.get(key)
    const generation = registry.metadata.generation ?? 0
    this.#tries.set(key, { generation, problem })
    if (before?.generation === generation && before.problem === problem) return
    for (const listener of this.#listeners) listener(key)
  }

  /** @param listener is called with the key of the Registry when a try ends otherwise than the one before */
  onChange(listener: (key: string) => void): void {
    this.#listeners.add(listener)
  }

  /** The Registry is gone. */
  forget(key: string): void {
    this.#tries.delete(key)
  }

  /** A term begins: another leader may have tried since. */
  forgetAll(): void {
    this.#tries.clear()
  }
}

/**
 * The status with what the last try says of the workspace: a fact about the world, beside Ready (S25). What an earlier process has said of
 * this spec stands until the next try.
 */
export function withWorkspace(
  status: RegistryStatus,
  tried: WorkspaceTry | undefined,
  stamp: Stamp,
): RegistryStatus {
  const { conditions = [] } = status
  if (tried?.generation === stamp.generation) {
    const { problem } = tried
    const condition =
      problem === undefined
        ? ({ status: 'True', reason: 'ReportKept', message: 'The last report is kept' } as const)
        : ({ status: 'False', reason: 'ReportNotKept', message: problem } as const)
    return {
      ...status,
      conditions: setCondition(conditions, { type: 'WorkspaceReady', ...condition }, stamp),
    }
  }
  const held = getCondition(conditions, 'WorkspaceReady')
  if (held === undefined || held.observedGeneration === stamp.generation) return status
  return { ...status, conditions: removeCondition(conditions, 'WorkspaceReady') }
}
