import { CheckMemories } from '#controllers/check-memories.ts'
import { CheckPullSecrets } from '#controllers/check-pull-secrets.ts'
import { type CheckRun, runCheck } from '#controllers/check-run.ts'
import type { LiveInventories } from '#controllers/image-inventory-controller.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import { type RegistryCheckObject, type RegistryObject, specOf } from '#controllers/resources.ts'
import type { Schedule } from '#controllers/schedule.ts'
import { workspacesIn } from '#controllers/workspaces.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { RegistryCheckSpec } from '#crds/registry-check.ts'
import { registryNames } from '#inventory/registry-names.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { pendingRequest } from '#runtime/predicates.ts'
import type { Clock } from '#time/clock.ts'

/** What a run that is due works with. */
export interface Due {
  readonly spec: RegistryCheckSpec
  readonly registry: RegistryObject
  readonly snapshot: InventorySnapshot
  readonly schedule: Schedule
  /** When the next run begins, ms since the epoch. */
  readonly nextAt: number
}

export interface CheckRunnerParts {
  readonly access: RegistryAccess
  readonly live: LiveInventories
  readonly registries: ObjectStore<RegistryObject>
  readonly clock: Clock
}

/** Opens a registry and looks at every image in scope, with what earlier runs of the check have proven. */
export class CheckRunner {
  readonly #parts: CheckRunnerParts
  readonly #memories = new CheckMemories()

  constructor(parts: CheckRunnerParts) {
    this.#parts = parts
  }

  /**
   * @param onAnswer is called when the registry has answered, and waited for
   * @throws SPEC_INVALID (of the Registry), SECRET_*, REGISTRY_*, TIMED_OUT, CANCELLED, and what `onAnswer` throws
   */
  async run(
    check: RegistryCheckObject,
    due: Due,
    { signal, onAnswer }: { readonly signal: AbortSignal; readonly onAnswer: () => Promise<void> },
  ): Promise<CheckRun> {
    const { access, registries, clock } = this.#parts
    const { spec, registry, snapshot, nextAt } = due
    const registrySpec = specOf(RegistrySpec, registry)
    const names = registryNames(registrySpec, registry.metadata.namespace ?? '')
    const opened = await access.open(registry, signal)
    await onAnswer()
    const memory = this.#memories.of(check, registry, opened.url, clock)
    const pullSecrets = this.#pullSecrets(due, signal)
    const run = await runCheck({
      ...{ spec, registry: registrySpec, names, opened, snapshot, memory, nextAt, clock, signal },
      workspaces: workspacesIn(registry, registries),
      asPods: pullSecrets?.look,
      isRequested: pendingRequest(check) !== undefined,
    })
    this.#memories.keep(check, run.memory)
    return { ...run, pullSecrets: pullSecrets?.status }
  }

  /** The check is gone. */
  forget(key: string): void {
    this.#memories.forget(key)
  }

  /** undefined: nobody asks for it, or the inventory is gone. */
  #pullSecrets({ spec, registry, snapshot }: Due, signal: AbortSignal): CheckPullSecrets | undefined {
    if (spec.credentials !== 'Pod') return undefined
    const { access, clock } = this.#parts
    const live = this.#parts.live.get(`${registry.metadata.namespace ?? ''}/${spec.inventoryRef.name}`)
    return live && new CheckPullSecrets({ live, snapshot, registry, access, clock, signal })
  }
}
