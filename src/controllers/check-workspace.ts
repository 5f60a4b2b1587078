import { asTallymanError } from '#catalogue/error.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryCheckObject, RegistryObject } from '#controllers/resources.ts'
import type { WorkspaceTries } from '#controllers/workspace-tries.ts'
import { anybodyReads, referenceOf, visitWorkspace } from '#controllers/workspace-visit.ts'
import { type Workspace, workspaceOf } from '#controllers/workspaces.ts'
import type { RegistryCheckStatus } from '#crds/registry-check.ts'
import type { Log } from '#kube/log.ts'
import type { CheckReport } from '#report/check-report.ts'
import {
  type KeptReport,
  keepReport,
  lastKept,
  readKeptReport,
  reportRepository,
} from '#report/kept-reports.ts'
import { redacted } from '#report/redacted.ts'
import { contentOf } from '#report/report-artifact.ts'
import { rfc3339Seconds } from '#runtime/conditions.ts'
import type { Fence } from '#runtime/fence.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import type { Clock } from '#time/clock.ts'

export type ReportStatus = NonNullable<RegistryCheckStatus['report']>

/** As registry-check.ts bounds it. */
const MAX_MESSAGE = 1024

export interface CheckWorkspaceParts {
  readonly access: RegistryAccess
  readonly registries: ObjectStore<RegistryObject>
  readonly tries: WorkspaceTries
  readonly fence: Fence
  readonly clock: Clock
  readonly log: Log
}

interface Known extends KeptReport {
  readonly reference: string
}

/** Keeps the report of each check in the workspace of its registry, when it says something new, and reads it back after a restart. */
export class CheckWorkspace {
  readonly #parts: CheckWorkspaceParts
  /** What this process kept or read last, by check. */
  readonly #known = new Map<string, Known>()

  constructor(parts: CheckWorkspaceParts) {
    this.#parts = parts
  }

  /** Another leader may have kept more. */
  beginTerm(): void {
    this.#known.clear()
  }

  forget(key: string): void {
    this.#known.delete(key)
  }

  /**
   * Whatever keeps it from keeping the report is part of the result: the check stands all the same.
   * @returns what the status says of it; undefined: the Registry names no workspace
   * @throws CANCELLED, LEADERSHIP_LOST
   */
  async keep(
    check: RegistryCheckObject,
    registry: RegistryObject,
    report: CheckReport,
    signal: AbortSignal,
  ): Promise<ReportStatus | undefined> {
    const { registries, tries, clock } = this.#parts
    try {
      const workspace = workspaceOf(registry, registries)
      if (workspace === undefined) return undefined
      const kept = await visitWorkspace(clock, signal, (limit) => this.#keep(check, workspace, report, limit))
      tries.set(registry, undefined)
      return kept
    } catch (thrown) {
      signal.throwIfAborted()
      const error = asTallymanError(thrown)
      if (error.code === 'LEADERSHIP_LOST') throw error
      tries.set(registry, `The report of RegistryCheck ${check.metadata.name} is not kept: ${error.advice}`)
      const message = `The report is not kept: ${error.advice}`.slice(0, MAX_MESSAGE)
      // What was kept before still knows since when findings are known.
      return { ...check.status?.report, time: rfc3339Seconds(clock.now()), message }
    }
  }

  async #keep(
    check: RegistryCheckObject,
    workspace: Workspace,
    report: CheckReport,
    signal: AbortSignal,
  ): Promise<ReportStatus> {
    const { access, fence, clock } = this.#parts
    const { client, repository, url } = await this.#open(check, workspace, 'push', signal)
    const key = keyOf(check)
    const read = { signal, lane: 'bulk' } as const
    const push = async (shown: CheckReport, content: string, sequence: number) =>
      await keepReport(
        client,
        repository,
        shown,
        { content, sequence },
        { ...read, beforeSend: () => fence.assertLeader() },
      )
    let known = this.#known.get(key) ?? (await lastKept(client, repository, read))
    if (known === undefined) {
      // Whether anybody may read it shows only once something is there.
      const first = redacted(report)
      known = await push(first, await contentOf(first), 1)
    }
    const isPublic = await anybodyReads(access, workspace.registry, repository, signal)
    const shown = isPublic ? redacted(report) : report
    const content = await contentOf(shown)
    const isNew = known.content !== content
    const kept = isNew ? await push(shown, content, known.sequence + 1) : known
    const reference = referenceOf(url, repository, kept.digest)
    this.#known.set(key, { ...kept, reference })
    const before = check.status?.report
    const time = !isNew && before?.reference === reference ? before.time : rfc3339Seconds(clock.now())
    return {
      reference,
      time,
      finishedAt: check.status?.run?.finishedAt,
      ...(isPublic ? { redacted: true } : {}),
    }
  }

  /**
   * What was kept last, for a process that has not made it. It speaks of the last run only where status.report says so.
   * @returns undefined: none was, or it cannot be read, which is logged; the next run keeps one again, or says what is wrong with the workspace
   * @throws CANCELLED
   */
  async load(
    check: RegistryCheckObject,
    registry: RegistryObject,
    signal: AbortSignal,
  ): Promise<CheckReport | undefined> {
    const { reference } = check.status?.report ?? {}
    const digest = reference?.split('@')[1]
    if (digest === undefined) return undefined
    try {
      const workspace = workspaceOf(registry, this.#parts.registries)
      if (workspace === undefined) return undefined
      return await visitWorkspace(this.#parts.clock, signal, async (limit) => {
        const { client, repository, url } = await this.#open(check, workspace, 'pull', limit)
        if (reference !== referenceOf(url, repository, digest)) return undefined
        const call = { signal: limit, lane: 'bulk' } as const
        const { report, kept } = await readKeptReport(client, repository, digest, call)
        if (report.check.uid !== check.metadata.uid) return undefined
        this.#known.set(keyOf(check), { ...kept, reference })
        return report
      })
    } catch (thrown) {
      signal.throwIfAborted()
      const { code, message } = asTallymanError(thrown)
      if (code === 'INTERNAL') throw thrown
      if (code !== 'REGISTRY_ABSENT') {
        const fields = { check: keyOf(check), reference, code, reason: message }
        this.#parts.log.warn(fields, 'report not read back from the workspace')
      }
      return undefined
    }
  }

  async #open(
    check: RegistryCheckObject,
    { registry, prefix }: Workspace,
    right: 'pull' | 'push',
    signal: AbortSignal,
  ) {
    const { namespace = '', name } = check.metadata
    const { client, url } = await this.#parts.access.open(registry, signal, right)
    return { client, url, repository: reportRepository(prefix, namespace, name) }
  }
}
