import type { Binding, Ended, KeptImage } from './eviction.ts'
import type { RawManifest } from './placeholder.ts'

/** Exactly what a manifest was, saved before anything that it belongs to goes. */
export interface SavedManifest extends RawManifest {
  readonly kind: 'manifest'
}

/** What is about to be taken away. From here until its outcome is recorded nobody knows what became of it. */
export interface Intent {
  readonly kind: 'intent'
  /** Unique in the journal. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly step: Step
}

export type Step =
  /** Each tag is deleted by its name. */
  | { readonly action: 'untag'; readonly bindings: readonly Binding[] }
  /** Each tag is written over with a placeholder, which then goes with all of them. */
  | { readonly action: 'overwrite'; readonly bindings: readonly Binding[]; readonly nonce: string }
  /** Each manifest is deleted by its digest, in this order, and takes along those of the bindings that name it. */
  | {
      readonly action: 'sweep'
      readonly digests: readonly string[]
      readonly bindings?: readonly Binding[] | undefined
      readonly tags?: TagChanges | undefined
    }

/** What tags there are before manifests are deleted: all of them where `whole`, else what has changed since the sweep before in the same journal. */
export interface TagChanges {
  readonly whole: boolean
  readonly came: readonly string[]
  readonly went: readonly string[]
}

/** How the things of an intent ended. Those that are missing were not touched. */
export interface IntentOutcome {
  readonly kind: 'outcome'
  readonly intent: string
  readonly at: number
  readonly ended: readonly Ended[]
}

/** A tag, or a manifest, that was brought back. */
export interface Restoration {
  readonly kind: 'restored'
  readonly at: number
  readonly tag?: string | undefined
  readonly digest: string
  /** By the run itself, for something that was pushed while it went (S47): it was to go, and nothing was harmed. */
  readonly isNeeded?: true | undefined
}

/** Copies that are about to be made in one repository of the trash. From here on they may be there, whole or not. */
export interface Trashing {
  readonly kind: 'trashing'
  readonly at: number
  /** Of the trash. */
  readonly repository: string
  readonly manifests: readonly { readonly digest: string; readonly children: readonly string[] }[]
}

/**
 * Copies that were read again, whole (`trashed`), of which something is missing (`untrusted`), that are about to be deleted (`purging`), or that are no longer there, or another
 * run's (`purged`).
 */
export interface TrashLook {
  readonly kind: 'trashed' | 'untrusted' | 'purging' | 'purged'
  readonly at: number
  /** Of the trash. */
  readonly repository: string
  readonly digests: readonly string[]
}

export type TrashRecord = Trashing | TrashLook

/** What stays of the repository and was whole, as the run found it before it took anything more. */
export interface SampleTaken {
  readonly kind: 'sample'
  readonly at: number
  readonly images: readonly KeptImage[]
}

/** All of the samples until here was looked at again, and was whole. */
export interface SampleVerified {
  readonly kind: 'verified'
  readonly at: number
}

export type JournalRecord =
  | SavedManifest
  | Intent
  | IntentOutcome
  | Restoration
  | TrashRecord
  | SampleTaken
  | SampleVerified

/**
 * What one run does in one repository, in order: all that is needed to finish it or to take it back. One writer at a time.
 */
export interface Journal {
  /** Resolves when the records will survive whatever happens to this process. */
  append(records: readonly JournalRecord[]): Promise<void>
  /** All that was appended so far, by processes before this one too. */
  read(): AsyncIterable<JournalRecord>
  /**
   * Takes in what another process has appended since this was read or written: what is appended next goes behind that.
   * @throws JOURNAL_CONFLICT, JOURNAL_LOST what is there does not begin with what this has read or written
   */
  catchUp(): Promise<void>
  /** The same journal for work that another signal ends: what one of them has read or written, both know. */
  withSignal(signal: AbortSignal): Journal
}

/** A journal that lives and dies with its process: for work that nobody has to take over. */
export class MemoryJournal implements Journal {
  readonly #records: JournalRecord[] = []

  async append(records: readonly JournalRecord[]): Promise<void> {
    this.#records.push(...records)
  }

  async *read(): AsyncGenerator<JournalRecord, void, void> {
    yield* this.#records
  }

  async catchUp(): Promise<void> {
    // Nobody else can write it.
  }

  withSignal(): Journal {
    return this
  }
}
