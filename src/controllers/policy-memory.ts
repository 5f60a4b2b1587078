import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import type { RegistryAccess, Right } from '#controllers/registry-access.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import { withTimeLimit } from '#controllers/time-limit.ts'
import type { WorkspaceTries } from '#controllers/workspace-tries.ts'
import { type Workspace, workspaceOf } from '#controllers/workspaces.ts'
import type { Log } from '#kube/log.ts'
import type { CallOptions } from '#registry/client.ts'
import { Turns } from '#registry/turns.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import type { KnownLedgers } from '#retention/known-ledgers.ts'
import { EMPTY_RECORD, joined, type PolicyRecord, trimmed } from '#retention/policy-record.ts'
import { isOf, type RegistryMemory } from '#retention/registry-memory.ts'
import type { Soak } from '#retention/soak.ts'
import type { Fence } from '#runtime/fence.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { type KeptPlace, policyRepository } from '#scan/kept-artifact.ts'
import { inKnownOrder, type KeptMemory, keepMemory, readMemory, type ScanMemory } from '#scan/kept-memory.ts'
import { assertUnchanged, keepRecord, readRecord } from '#scan/kept-record.ts'
import { KnownRecords } from '#scan/known-records.ts'
import { calmly } from '#time/calmly.ts'
import type { Clock } from '#time/clock.ts'

/** Tags of the artifacts, in a repository for each policy. */
const MEMORY = 'memory'
const RECORD = 'record'
/** The memory of a registry with 400,000 tags has some 100 MB. */
const LIMIT_MS = 5 * 60_000

export interface PolicyMemoriesParts {
  readonly access: RegistryAccess
  readonly registries: Pick<ObjectStore<RegistryObject>, 'get' | 'list'>
  readonly tries: WorkspaceTries
  readonly fence: Fence
  readonly clock: Clock
  readonly log: Log
}

/** What a policy knows of earlier scans of its registry, and of what it has done. */
export interface PolicyMemory {
  /** undefined: of no earlier scan. */
  readonly bindings: RegistryMemory | undefined
  readonly manifests: ReadonlyMap<string, ManifestFacts>
  readonly soak: Soak | undefined
  /** Of whatever registry: what is used is one thing (S02). */
  readonly ledgers: KnownLedgers
  readonly record: PolicyRecord
  /** Why it is not known what the policy has done: nothing may be carried out; undefined: it is known. */
  readonly recordProblem: TallymanError | undefined
}

/** What this process knows of a policy. */
interface Known {
  /** Of the policy. */
  readonly uid: string
  /** Which workspace was read; undefined: none yet. */
  place: string | undefined
  scan: ScanMemory | undefined
  /** Of the memory that lies there: they need not be sent again. */
  files: ReadonlySet<string>
  record: PolicyRecord
  /** What lies there was another one than was read or written last when it was to be written. */
  isForeign: boolean
}

/** Kinds of errors by which something is not there any more, or is nothing that we could read. */
const LOST: ReadonlySet<TallymanError['kind']> = new Set(['absent', 'damaged'])

const NOTHING: ReadonlyMap<string, ManifestFacts> = new Map()
const NO_LEDGERS: KnownLedgers = new Map()

/** What every policy remembers between its plans: in the process, and in the workspace where its Registry names one. */
export class PolicyMemories {
  readonly #parts: PolicyMemoriesParts
  readonly #known = new Map<string, Known>()
  /** Also of earlier terms: what lay there then has to lie there. */
  readonly #records = new KnownRecords()
  readonly #turns = new Turns()

  constructor(parts: PolicyMemoriesParts) {
    this.#parts = parts
  }

  /** Another leader may have kept more. */
  beginTerm(): void {
    this.#known.clear()
  }

  /** The policy is gone. */
  forget(key: string): void {
    this.#known.delete(key)
  }

  /**
   * What is remembered; from the workspace once a term. Where that does not answer it is asked again by the next call; until then what this process does not know is new, and
   * nothing may be carried out.
   * @param url of the registry as it is now: what is remembered of another one is not meant
   * @throws CANCELLED
   */
  async load(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    url: string,
    signal: AbortSignal,
  ): Promise<PolicyMemory> {
    const known = this.#knownOf(policy)
    const recordProblem = await this.#ask(policy, registry, known, signal)
    const isMeant = isOf(known.scan?.bindings, { uid: registry.metadata.uid ?? '', url })
    const { bindings, manifests = NOTHING, soak } = (isMeant ? known.scan : undefined) ?? {}
    const { ledgers = NO_LEDGERS } = known.scan ?? {}
    return { bindings, manifests, soak, ledgers, record: known.record, recordProblem }
  }

  /**
   * Remembers a scan. What keeps it from being kept in the workspace is told by the status of the Registry: the plan stands all the same.
   * @throws CANCELLED, LEADERSHIP_LOST
   */
  async save(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    { bindings, manifests, soak, ledgers }: ScanMemory,
    signal: AbortSignal,
  ): Promise<void> {
    const known = this.#knownOf(policy)
    const ordered = await calmly(inKnownOrder(known.scan?.manifests ?? NOTHING, manifests))
    const scan = { bindings, manifests: ordered, soak, ledgers }
    known.scan = scan
    const { registries, tries } = this.#parts
    try {
      const workspace = workspaceOf(registry, registries)
      if (workspace === undefined) return
      await this.#inTime(signal, async (limit) => {
        if (await this.#readOnce(policy, workspace, known, limit)) {
          // The scan does not know what lies there: the next one will.
          if (known.files.size > 0) return
          known.scan = scan
        }
        const { place, call } = await this.#open(policy, workspace, 'push', limit)
        known.files = await keepMemory({ ...place, tag: MEMORY }, scan, known.files, call)
      })
      tries.set(registry, undefined)
    } catch (thrown) {
      signal.throwIfAborted()
      const error = asTallymanError(thrown)
      if (error.code === 'LEADERSHIP_LOST') throw error
      tries.set(registry, `The memory of RegistryPolicy ${policy.metadata.name} is not kept: ${error.advice}`)
    }
  }

  /**
   * Records what the policy is about to do, or has done. Resolves when it is kept: nothing may be carried out before.
   * @throws what keeps it from being kept
   */
  async saveRecord(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    record: PolicyRecord,
    signal: AbortSignal,
  ): Promise<void> {
    const known = this.#knownOf(policy)
    const workspace = workspaceOf(registry, this.#parts.registries)
    if (workspace === undefined) {
      known.record = trimmed(record, this.#parts.clock.now())
      return
    }
    await this.#inTime(signal, async (limit) => {
      const isNews = await this.#readOnce(policy, workspace, known, limit)
      const kept = trimmed(isNews ? joined(record, known.record) : record, this.#parts.clock.now())
      const { place, call } = await this.#open(policy, workspace, 'push', limit)
      try {
        await keepRecord({ ...place, tag: RECORD }, uidOf(policy), kept, call)
      } catch (error) {
        known.isForeign ||= hasCode(error, 'RECORD_CONFLICT')
        throw error
      }
      known.record = kept
      known.isForeign = false
    })
  }

  #knownOf(policy: RegistryPolicyObject): Known {
    const key = keyOf(policy)
    const uid = uidOf(policy)
    const before = this.#known.get(key)
    if (before?.uid === uid) return before
    const known: Known = {
      ...{ uid, place: undefined, scan: undefined, files: new Set() },
      ...{ record: EMPTY_RECORD, isForeign: false },
    }
    this.#known.set(key, known)
    return known
  }

  /** @returns what keeps the workspace from being read @throws CANCELLED */
  async #ask(
    policy: RegistryPolicyObject,
    registry: RegistryObject,
    known: Known,
    signal: AbortSignal,
  ): Promise<TallymanError | undefined> {
    const { registries, log } = this.#parts
    try {
      const workspace = workspaceOf(registry, registries)
      if (workspace !== undefined) {
        await this.#inTime(signal, async (limit) => {
          await this.#readOnce(policy, workspace, known, limit)
          if (known.isForeign) await this.#assertOurs(policy, workspace, known, limit)
        })
      }
      return undefined
    } catch (thrown) {
      signal.throwIfAborted()
      const error = asTallymanError(thrown)
      if (error.code === 'INTERNAL') throw thrown
      const { code, message } = error
      log.warn({ policy: keyOf(policy), code, reason: message }, 'policy record not read from the workspace')
      return error
    }
  }

  /** Reads what lies in the workspace unless that was done: what this process has written since is newer. @returns whether it did */
  #readOnce(
    policy: RegistryPolicyObject,
    workspace: Workspace,
    known: Known,
    signal: AbortSignal,
  ): Promise<boolean> {
    return this.#turns.take(keyOf(policy), async () => {
      if (known.place === placeOf(workspace)) return false
      await this.#read(policy, workspace, known, signal)
      return true
    })
  }

  /** @throws RECORD_CONFLICT, REGISTRY_* */
  async #assertOurs(
    policy: RegistryPolicyObject,
    workspace: Workspace,
    known: Known,
    signal: AbortSignal,
  ): Promise<void> {
    const { place, call } = await this.#open(policy, workspace, 'pull', signal)
    await assertUnchanged({ ...place, tag: RECORD }, call)
    known.isForeign = false
  }

  /** What another workspace, or none, has left in this process counts as well. */
  async #read(
    policy: RegistryPolicyObject,
    workspace: Workspace,
    known: Known,
    signal: AbortSignal,
  ): Promise<void> {
    const { place, call } = await this.#open(policy, workspace, 'pull', signal)
    const record = await readRecord({ ...place, tag: RECORD }, uidOf(policy), call)
    const kept = await this.#readMemory(policy, { ...place, tag: MEMORY }, call)
    known.record = joined(record, known.record)
    known.files = kept?.files ?? new Set()
    known.scan = kept?.memory ?? known.scan
    known.place = placeOf(workspace)
    known.isForeign = false
  }

  /** What is no memory is none: it is written over. */
  async #readMemory(
    policy: RegistryPolicyObject,
    place: KeptPlace,
    call: CallOptions,
  ): Promise<KeptMemory | undefined> {
    try {
      return await readMemory(place, call)
    } catch (error) {
      if (!(error instanceof TallymanError) || !LOST.has(error.kind)) throw error
      const fields = { policy: keyOf(policy), code: error.code, reason: error.message }
      this.#parts.log.warn(fields, 'policy memory not read from the workspace: everything counts as new')
      return undefined
    }
  }

  async #open(policy: RegistryPolicyObject, workspace: Workspace, right: Right, signal: AbortSignal) {
    const { access, fence } = this.#parts
    const { namespace = '', name } = policy.metadata
    const { client, url } = await access.open(workspace.registry, signal, right)
    const repository = policyRepository(workspace.prefix, namespace, name)
    const beforeSend = right === 'pull' ? undefined : () => fence.assertLeader()
    return {
      place: { client, url, repository, known: this.#records },
      call: { signal, lane: 'bulk', beforeSend } as const,
    }
  }

  #inTime<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const message = `the workspace took longer than ${LIMIT_MS / 60_000} minutes`
    return withTimeLimit({ clock: this.#parts.clock, signal, ms: LIMIT_MS, message }, work)
  }
}

function placeOf({ registry, prefix }: Workspace): string {
  return `${keyOf(registry)} ${prefix}`
}

function uidOf({ metadata: { uid = '' } }: RegistryPolicyObject): string {
  return uid
}
