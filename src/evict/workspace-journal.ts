import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions } from '#registry/client.ts'
import { digestAt } from '#registry/digest-at.ts'
import { EMPTY_CONFIG, EMPTY_DESCRIPTOR } from '#registry/empty-config.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import type { Journal, JournalRecord } from './journal.ts'
import { type Chunk, journalManifest, readJournalManifest } from './journal-artifact.ts'
import { chunksOf, openedBy } from './journal-chunks.ts'
import { fromLine } from './journal-lines.ts'
import { type Found, findJournal, manifestAt } from './journal-look.ts'
import { type JournalPlace, journalTags, placeKey } from './journal-place.ts'
import { isMissing } from './wholeness.ts'
import { WIDTH } from './width.ts'

const MAX_CHUNK_BYTES = 16 * 1024 * 1024
/** The manifest that names them stays below the 4 MiB that registries take. */
const MAX_CHUNKS = 10_000
/** What has begun has to have an end, and what is brought back to be recorded: nothing begins any more before there is no room for that. */
const KEPT_FOR_ENDS = 100

/** A journal that is an OCI artifact in the workspace: each append adds chunks and writes the tag anew. */
export class WorkspaceJournal implements Journal {
  readonly #place: JournalPlace
  readonly #call: CallOptions
  /** Why it cannot be read, nor written, although there is or was one; undefined: it can. */
  readonly lost: TallymanError | undefined
  /** Whether there was one, readable, when it was opened. */
  readonly wasThere: boolean
  #chunks: readonly Chunk[]
  #open: number
  /** What the tag may name right before it is written: what was read or written last, and what was sent since and not answered. */
  #heads: ReadonlySet<string | undefined>

  private constructor(place: JournalPlace, call: CallOptions, found: Found) {
    this.#place = place
    this.#call = call
    this.lost = found.lost
    this.wasThere = found.digest !== undefined && found.lost === undefined
    this.#chunks = found.chunks
    this.#open = found.open
    this.#heads = new Set([found.digest])
  }

  /**
   * The journal of a run, empty where there is none yet. One that is known to have been there and is not is `lost`.
   * @param call for its reads and writes; `beforeSend` is the fence
   * @throws JOURNAL_INVALID something else lies there; REGISTRY_*
   */
  static async open(place: JournalPlace, call: CallOptions): Promise<WorkspaceJournal> {
    return new WorkspaceJournal(place, call, await findJournal(place, call))
  }

  /**
   * Resolves when the manifest that names the lines is tagged, and the last byte of each new chunk came back.
   * @throws JOURNAL_CONFLICT the tag names something else than what was read or written last; JOURNAL_LOST; JOURNAL_INVALID it is full; REGISTRY_*
   */
  async append(records: readonly JournalRecord[], call = this.#call): Promise<void> {
    if (this.lost !== undefined) throw this.lost
    await this.#write(records, call)
  }

  /** Gives a tag that names nothing an empty journal to name: it goes with a manifest only. */
  async bury(): Promise<void> {
    await this.#write([], this.#call)
  }

  async catchUp(call = this.#call): Promise<void> {
    const { lost, digest, chunks, open } = await findJournal(this.#place, call)
    if (lost !== undefined) throw lost
    if (this.#chunks.some((chunk, at) => chunks[at]?.digest !== chunk.digest)) throw this.#conflict(digest)
    this.#chunks = chunks
    this.#open = open
    this.#heads = new Set([digest])
  }

  withSignal(signal: AbortSignal): Journal {
    const call = { ...this.#call, signal }
    return {
      append: (records) => this.append(records, call),
      read: () => this.read(call),
      catchUp: () => this.catchUp(call),
      withSignal: (other) => this.withSignal(other),
    }
  }

  async #write(records: readonly JournalRecord[], call: CallOptions): Promise<void> {
    const { client, workspaceRepository, run, repository, known } = this.#place
    const chunks = chunksOf(records)
    const all = [...this.#chunks, ...chunks.map(({ bytes, digest }) => ({ digest, size: bytes.length }))]
    const opened = openedBy(records)
    if (all.length > (opened > 0 ? MAX_CHUNKS - KEPT_FOR_ENDS : MAX_CHUNKS)) {
      throw new TallymanError(
        'JOURNAL_INVALID',
        `${workspaceRepository}:${run} has no room: begin another run`,
      )
    }
    const open = this.#open + opened
    if (this.#chunks.length === 0) {
      await client.uploadBlob(workspaceRepository, EMPTY_DESCRIPTOR, () => EMPTY_CONFIG, call)
    }
    for (const { bytes, digest } of chunks) {
      const blob = { digest, size: bytes.length }
      // A cache may say that it is there although a garbage collection has taken it.
      await client.uploadBlob(workspaceRepository, blob, () => bytes, { ...call, evenIfThere: true })
    }
    const manifest = journalManifest({ repository, run }, all, open)
    await this.#assertUnchanged(call)
    this.#heads = new Set([...this.#heads, manifest.digest])
    await client.putManifest(workspaceRepository, run, manifest, call)
    this.#heads = new Set([manifest.digest])
    for (const { bytes, digest } of chunks) {
      await client.probeBlob(workspaceRepository, { digest, size: bytes.length }, call)
    }
    this.#chunks = all
    this.#open = open
    known?.saw(placeKey(this.#place), manifest.digest, all)
  }

  /** A registry knows no "if it is still that": this is the last look before it is written over. */
  async #assertUnchanged(call: CallOptions): Promise<void> {
    const { client, workspaceRepository, run } = this.#place
    const now = await digestAt(client, workspaceRepository, run, call)
    if (!this.#heads.has(now)) throw this.#conflict(now)
  }

  #conflict(now: string | undefined): TallymanError {
    const last = [...this.#heads].findLast((digest) => digest !== undefined)
    return new TallymanError(
      'JOURNAL_CONFLICT',
      `${placeKey(this.#place)} names ${now ?? 'nothing'} by now, and ${last ?? 'there was nothing'} when it was last read or written`,
    )
  }

  /** @throws JOURNAL_LOST, after all that is left of it was told; JOURNAL_INVALID, REGISTRY_* */
  async *read(call = this.#call): AsyncGenerator<JournalRecord, void, void> {
    if (this.lost !== undefined) throw this.lost
    const { workspaceRepository } = this.#place
    let lost: TallymanError | undefined
    for (const chunk of this.#chunks) {
      if (chunk.size > MAX_CHUNK_BYTES) {
        throw new TallymanError('JOURNAL_INVALID', `${workspaceRepository}: a chunk has ${chunk.size} bytes`)
      }
      const text = await this.#text(chunk, call)
      if (typeof text !== 'string') {
        lost ??= text
        continue
      }
      for (const line of text.split('\n')) if (line !== '') yield fromLine(line)
    }
    if (lost !== undefined) throw lost
  }

  /** @returns why it is lost: a garbage collection that was under way while it was written has taken it, or a disk is damaged (S34). A 404 may pass: it is looked twice */
  async #text(chunk: Chunk, call: CallOptions): Promise<string | TallymanError> {
    const { workspaceRepository, run } = this.#place
    const first = await this.#textOnce(chunk, call)
    const text = typeof first === 'string' ? first : await this.#textOnce(chunk, call)
    if (typeof text === 'string') return text
    const why = `${workspaceRepository}:${run}: a part of the journal is gone: ${text.message}`
    return new TallymanError('JOURNAL_LOST', why, { cause: text })
  }

  async #textOnce(chunk: Chunk, call: CallOptions): Promise<string | TallymanError> {
    const { client, workspaceRepository } = this.#place
    const parts: Uint8Array[] = []
    try {
      for await (const part of client.readBlob(workspaceRepository, chunk, call)) parts.push(part)
    } catch (thrown) {
      const error = asTallymanError(thrown)
      if (!isMissing(error)) throw error
      return error
    }
    return Buffer.concat(parts).toString('utf8')
  }
}

/**
 * The runs about a repository that left something open: to be settled before anything else is deleted there. Those whose journal is lost come last: nobody knows what they have
 * left open.
 */
export async function unfinishedRuns(place: Omit<JournalPlace, 'run'>, call: CallOptions): Promise<string[]> {
  const { client, workspaceRepository, repository } = place
  const runs: string[] = []
  for await (const tag of journalTags(client, workspaceRepository, call)) runs.push(tag)
  // A repository has as many as runs have come to it: `tallyman rm` leaves one each time, and none of these is purged.
  const states = await sideBySide(runs, WIDTH, async (run) => {
    try {
      const manifest = await manifestAt({ ...place, run }, call)
      const read = manifest === undefined ? undefined : readJournalManifest(manifest, repository)
      return read !== undefined && read.open > 0 ? 'unfinished' : 'over'
    } catch (error) {
      if (!hasCode(error, 'JOURNAL_LOST')) throw error
      return 'lost'
    }
  })
  const those = (state: 'unfinished' | 'lost') => runs.filter((_, at) => states[at] === state)
  return [...those('unfinished'), ...those('lost')]
}
