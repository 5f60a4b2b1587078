import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'
import { digestOf } from '#registry/digest.ts'
import type { Manifest } from '#registry/manifest.ts'
import type { Journal, JournalRecord } from './journal.ts'
import { type Chunk, EMPTY_CONFIG, journalManifest, readJournalManifest } from './journal-artifact.ts'
import { fromLine, toLine } from './journal-lines.ts'

/** Lines are put together up to this size; a line has at most the 6 MiB of one manifest in base64. */
const CHUNK_BYTES = 4 * 1024 * 1024
const MAX_CHUNK_BYTES = 16 * 1024 * 1024
/** The manifest that names them stays below the 4 MiB that registries take. */
const MAX_CHUNKS = 10_000

/** Where a journal is kept. */
export interface JournalPlace {
  /** Of the workspace, with the right to push there. */
  readonly client: RegistryClient
  /** See journalRepository. */
  readonly workspaceRepository: string
  /** The tag: one for each run. */
  readonly run: string
  /** The repository that it is about. */
  readonly repository: string
}

/** A journal that is an OCI artifact in the workspace: each append adds chunks and writes the tag anew. */
export class WorkspaceJournal implements Journal {
  readonly #place: JournalPlace
  readonly #call: CallOptions
  #chunks: readonly Chunk[]
  #open: number

  private constructor(place: JournalPlace, call: CallOptions, chunks: readonly Chunk[], open: number) {
    this.#place = place
    this.#call = call
    this.#chunks = chunks
    this.#open = open
  }

  /**
   * The journal of a run, empty where there is none yet.
   * @param call for its reads and writes; `beforeSend` is the fence
   * @throws JOURNAL_INVALID something else lies there; REGISTRY_*
   */
  static async open(place: JournalPlace, call: CallOptions): Promise<WorkspaceJournal> {
    const { client, workspaceRepository, run, repository } = place
    try {
      const manifest = await client.getManifest(workspaceRepository, run, call)
      const read = readJournalManifest(manifest, repository)
      if (read === undefined) {
        throw new TallymanError(
          'JOURNAL_INVALID',
          `${workspaceRepository}:${run} is no journal of ${repository}`,
        )
      }
      return new WorkspaceJournal(place, call, read.chunks, read.open)
    } catch (error) {
      if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
      return new WorkspaceJournal(place, call, [], 0)
    }
  }

  /** Resolves when the manifest that names the lines is tagged, and the last byte of each new chunk came back. */
  async append(records: readonly JournalRecord[]): Promise<void> {
    const { client, workspaceRepository, run, repository } = this.#place
    const chunks = chunksOf(records)
    const all = [...this.#chunks, ...chunks.map(({ bytes, digest }) => ({ digest, size: bytes.length }))]
    if (all.length > MAX_CHUNKS) {
      throw new TallymanError(
        'JOURNAL_INVALID',
        `${workspaceRepository}:${run} has no room: begin another run`,
      )
    }
    const open = this.#open + openedBy(records)
    const config = { digest: digestOf(EMPTY_CONFIG), size: EMPTY_CONFIG.length }
    if (this.#chunks.length === 0) {
      await client.uploadBlob(workspaceRepository, config, () => EMPTY_CONFIG, this.#call)
    }
    for (const { bytes, digest } of chunks) {
      const blob = { digest, size: bytes.length }
      // A cache may say that it is there although a garbage collection has taken it.
      await client.uploadBlob(workspaceRepository, blob, () => bytes, { ...this.#call, evenIfThere: true })
    }
    const manifest = journalManifest({ repository, run }, all, open)
    await client.putManifest(workspaceRepository, run, manifest, this.#call)
    for (const { bytes, digest } of chunks) {
      await client.probeBlob(workspaceRepository, { digest, size: bytes.length }, this.#call)
    }
    this.#chunks = all
    this.#open = open
  }

  async *read(): AsyncGenerator<JournalRecord, void, void> {
    const { client, workspaceRepository } = this.#place
    for (const chunk of this.#chunks) {
      if (chunk.size > MAX_CHUNK_BYTES) {
        throw new TallymanError('JOURNAL_INVALID', `${workspaceRepository}: a chunk has ${chunk.size} bytes`)
      }
      const parts: Uint8Array[] = []
      for await (const part of client.readBlob(workspaceRepository, chunk, this.#call)) parts.push(part)
      for (const line of Buffer.concat(parts).toString('utf8').split('\n')) {
        if (line !== '') yield fromLine(line)
      }
    }
  }
}

/** The runs about a repository that left something open: to be settled before anything else is deleted there. */
export async function unfinishedRuns(
  { client, workspaceRepository, repository }: Omit<JournalPlace, 'run'>,
  call: CallOptions,
): Promise<string[]> {
  const runs: string[] = []
  for await (const tag of journalTags(client, workspaceRepository, call)) runs.push(tag)
  const unfinished: string[] = []
  for (const run of runs) {
    const manifest = await manifestNow(client, workspaceRepository, run, call)
    const read = manifest === undefined ? undefined : readJournalManifest(manifest, repository)
    if (read !== undefined && read.open > 0) unfinished.push(run)
  }
  return unfinished
}

/** The tags of a repository of journals; none where nobody has written there yet, or all of it is gone. */
export async function* journalTags(
  client: RegistryClient,
  workspaceRepository: string,
  call: CallOptions,
): AsyncGenerator<string, void, void> {
  try {
    for await (const page of client.tags(workspaceRepository, call)) yield* page
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
  }
}

/** What a tag that was listed names; undefined: it is not there any more, because its run was purged meanwhile. */
export async function manifestNow(
  client: RegistryClient,
  workspaceRepository: string,
  tag: string,
  call: CallOptions,
): Promise<Manifest | undefined> {
  try {
    return await client.getManifest(workspaceRepository, tag, call)
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
    // A tag that stays and names nothing may be a journal that something is to be finished by.
    for await (const left of journalTags(client, workspaceRepository, call)) if (left === tag) throw error
    return undefined
  }
}

function openedBy(records: readonly JournalRecord[]): number {
  const count = (kind: JournalRecord['kind']) => records.filter((record) => record.kind === kind).length
  return count('intent') - count('outcome')
}

function chunksOf(records: readonly JournalRecord[]): { readonly bytes: Buffer; readonly digest: string }[] {
  const chunks: { bytes: Buffer; digest: string }[] = []
  let held: Buffer[] = []
  let size = 0
  const close = () => {
    if (held.length === 0) return
    const bytes = Buffer.concat(held)
    chunks.push({ bytes, digest: digestOf(bytes) })
    held = []
    size = 0
  }
  for (const record of records) {
    const line = Buffer.from(toLine(record))
    if (size + line.length > CHUNK_BYTES) close()
    held.push(line)
    size += line.length
  }
  close()
  return chunks
}
