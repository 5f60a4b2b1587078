import { digestOf } from '#registry/digest.ts'
import { EMPTY_DESCRIPTOR } from '#registry/empty-config.ts'
import type { Manifest } from '#registry/manifest.ts'
import { OCI_MANIFEST } from '#registry/media-types.ts'
import { repositoryBelow } from '#registry/repository-below.ts'
import type { RawManifest } from './placeholder.ts'

/** What a journal is in a registry: an OCI image manifest with this artifactType, an empty config, and a layer for each chunk of lines. */
const JOURNAL_TYPE = 'application/vnd.tallyman.eviction-journal.v1'
const CHUNK_TYPE = 'application/vnd.tallyman.eviction-journal.v1+ndjson'
/** Of the manifest: how many intents have no outcome yet. */
const OPEN = 'dev.tallyman.journal.open'
/** Of the manifest: the repository that it is about. */
const REPOSITORY = 'dev.tallyman.journal.repository'
/** Of the manifest: the tag that it was written for, so that no two journals have one digest: a DELETE takes every tag of a digest. */
const RUN = 'dev.tallyman.journal.run'

export interface Chunk {
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

/** Where the journals about a repository lie in the workspace, a tag for each run. */
export function journalRepository(prefix: string, repository: string): string {
  return repositoryBelow(`${prefix}/journals`, repository)
}

/** @param open how many intents have no outcome yet */
export function journalManifest(
  { repository, run }: { readonly repository: string; readonly run: string },
  chunks: readonly Chunk[],
  open: number,
): RawManifest {
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: JOURNAL_TYPE,
    config: EMPTY_DESCRIPTOR,
    layers: chunks.map((chunk) => ({ mediaType: CHUNK_TYPE, ...chunk })),
    annotations: { [OPEN]: String(open), [REPOSITORY]: repository, [RUN]: run },
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  return { digest: digestOf(bytes), mediaType: OCI_MANIFEST, bytes }
}

/** What a manifest says as a journal; undefined where it is none of this version, or about another repository. */
export function readJournalManifest(
  manifest: Manifest,
  repository: string,
): { readonly chunks: readonly Chunk[]; readonly open: number } | undefined {
  if (manifest.kind !== 'image' || manifest.artifactType !== JOURNAL_TYPE) return undefined
  const open = Number(manifest.annotations?.[OPEN])
  if (!Number.isSafeInteger(open) || manifest.annotations?.[REPOSITORY] !== repository) return undefined
  if (manifest.layers.some(({ mediaType }) => mediaType !== CHUNK_TYPE)) return undefined
  return { chunks: manifest.layers.map(({ digest, size }) => ({ digest, size })), open }
}

/** The repository that a journal is about; undefined: it is none. */
export function journalSubject(manifest: Manifest): string | undefined {
  if (manifest.kind !== 'image' || manifest.artifactType !== JOURNAL_TYPE) return undefined
  return manifest.annotations?.[REPOSITORY]
}
