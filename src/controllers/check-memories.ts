import type { RegistryCheckObject, RegistryObject } from '#controllers/resources.ts'
import { keyOf } from '#runtime/object-key.ts'
import { emptyMemory, type LapMemory } from '#scan/lap-input.ts'
import type { Clock } from '#time/clock.ts'

/** What the checks of this process have proven so far. A check of another registry, or of one that moved, begins with nothing. */
export class CheckMemories {
  readonly #memories = new Map<string, { readonly of: string; readonly memory: LapMemory }>()

  /** @param url where the registry answered */
  of(check: RegistryCheckObject, registry: RegistryObject, url: string, clock: Clock): LapMemory {
    const key = keyOf(check)
    const of = JSON.stringify([check.metadata.uid, registry.metadata.uid, url])
    const known = this.#memories.get(key)
    if (known?.of === of) return known.memory
    // What content is damaged shows only when it is read: a restart must not make it healthy until then.
    const suspects = (check.status?.findings ?? []).map(({ image }) => image)
    const memory = emptyMemory(clock, suspects)
    this.#memories.set(key, { of, memory })
    return memory
  }

  /** A run is complete. */
  keep(check: RegistryCheckObject, memory: LapMemory): void {
    const key = keyOf(check)
    const known = this.#memories.get(key)
    if (known !== undefined) this.#memories.set(key, { of: known.of, memory })
  }

  forget(key: string): void {
    this.#memories.delete(key)
  }
}
