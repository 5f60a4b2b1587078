import { randomBytes } from 'node:crypto'
import { TallymanError } from '#catalogue/error.ts'
import { deletionMethod, type RemovalMethod } from '#commands/deletion-method.ts'
import { printable } from '#commands/printable.ts'
import type { RegistrySession } from '#commands/registry-session.ts'
import type { RmOptions } from '#commands/rm-options.ts'
import type { RecentUse } from '#commands/rm-use.ts'
import type { Terminal } from '#commands/terminal.ts'
import { DEFAULT_WORKSPACE } from '#commands/workspace-option.ts'
import { DELETE_LIMIT_MS, QUIET_MS } from '#evict/delete-times.ts'
import type { Hands } from '#evict/hands.ts'
import { type Journal, MemoryJournal } from '#evict/journal.ts'
import { journalRepository } from '#evict/journal-artifact.ts'
import { KnownJournals } from '#evict/known-journals.ts'
import { settle } from '#evict/settle.ts'
import { unfinishedRuns, WorkspaceJournal } from '#evict/workspace-journal.ts'
import type { AuditLine, CallOptions } from '#registry/client.ts'
import type { RepositoryRemoval } from '#retention/removal-request.ts'
import { systemClock } from '#time/clock.ts'

/** What the runs of this command are called by. */
const OWN_RUNS = 'rm-'

/** Whatever `tallyman rm` needs of a repository to take something away: one run in all of them. */
export class RemovalHands {
  readonly #options: RmOptions
  readonly #use: RecentUse
  readonly #session: RegistrySession
  readonly #terminal: Terminal
  readonly #known = new KnownJournals()
  readonly #run = runName(systemClock.now())

  constructor(parts: {
    readonly options: RmOptions
    readonly use: RecentUse
    readonly session: RegistrySession
    readonly terminal: Terminal
  }) {
    this.#options = parts.options
    this.#use = parts.use
    this.#session = parts.session
    this.#terminal = parts.terminal
  }

  /** The command that brings back what went; undefined: no journal is kept. */
  wayBack(host: string): string | undefined {
    const { journal, workspace } = this.#options
    if (!journal) return undefined
    const where = workspace === DEFAULT_WORKSPACE ? '' : ` --workspace ${workspace}`
    return `tallyman restore ${host} --run ${this.#run}${where}`
  }

  /**
   * Finishes what an earlier call began in the repository and was stopped in the middle of.
   * @throws DELETE_UNSETTLED somebody else has begun something there; JOURNAL_LOST nobody knows what was begun there
   */
  async settleEarlier(repository: string): Promise<void> {
    if (!this.#options.journal) return
    const { client } = this.#session
    const workspaceRepository = journalRepository(this.#options.workspace, repository)
    for (const run of await unfinishedRuns({ client, workspaceRepository, repository }, this.#call)) {
      const { lost } = await WorkspaceJournal.open(
        { client, workspaceRepository, run, repository },
        this.#call,
      )
      if (lost !== undefined) throw lost
      if (!run.startsWith(OWN_RUNS)) {
        throw new TallymanError(
          'DELETE_UNSETTLED',
          `${repository}: the run ${run} has begun something there, and has not finished it`,
        )
      }
      const stillDoomed: Hands['stillDoomed'] = (candidate) => this.#use.index.usesOf(candidate).length === 0
      await settle(await this.#hands(repository, run, { stillDoomed, ended: () => undefined }))
      this.#terminal.note(`tallyman: ${repository}: what the run ${run} had begun is finished`)
    }
  }

  /** How it goes, found out without deleting any of it. @throws DELETE_UNSUPPORTED, REGISTRY_* */
  async method(removal: RepositoryRemoval): Promise<RemovalMethod> {
    const { client, signal } = this.#session
    const guard = (ends: AbortSignal) => this.#use.refresh(ends)
    const options = { signal, guard, audit: () => undefined }
    const found = await client.probeDeletion(removal.repository, options)
    const { product } = await client.ping(this.#call)
    return deletionMethod(removal, found, product, this.#options.placeholder === true)
  }

  of(repository: string, told: Pick<Hands, 'stillDoomed' | 'ended'>): Promise<Hands> {
    return this.#hands(repository, this.#run, told)
  }

  async #hands(repository: string, run: string, told: Pick<Hands, 'stillDoomed' | 'ended'>): Promise<Hands> {
    const { client, signal } = this.#session
    return {
      ...{ repository, signal, ...told },
      ...{ pull: client, push: client, delete: client, journal: await this.#journal(repository, run) },
      ...{ clock: systemClock, quietMs: QUIET_MS, deleteLimitMs: DELETE_LIMIT_MS },
      // Nobody else works for this process: there is no lease to lose.
      fence: () => undefined,
      guard: (ends) => this.#use.refresh(ends),
      audit: (line) => this.#tell(line),
    }
  }

  async #journal(repository: string, run: string): Promise<Journal> {
    const { journal, workspace } = this.#options
    if (!journal) return new MemoryJournal()
    const workspaceRepository = journalRepository(workspace, repository)
    const { client } = this.#session
    const known = this.#known
    return await WorkspaceJournal.open({ client, workspaceRepository, run, repository, known }, this.#call)
  }

  get #call(): CallOptions {
    return { signal: this.#session.signal }
  }

  #tell({ method, repository, reference, answer, durationMs }: AuditLine): void {
    if (this.#options.quiet === true) return
    this.#terminal.note(
      printable(`${method} ${repository} ${reference}: ${answer}, ${Math.round(durationMs)} ms`),
    )
  }
}

/** `rm-20261126t053000-1f2e` */
function runName(now: number): string {
  const time = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()
  return `${OWN_RUNS}${time}-${randomBytes(2).toString('hex')}`
}
