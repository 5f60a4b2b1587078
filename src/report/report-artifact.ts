import { createHash } from 'node:crypto'
import type { CheckReport } from '#report/check-report.ts'
import { csvFindings } from '#report/csv-report.ts'
import { htmlReport } from '#report/html-report.ts'
import { jsonReport } from '#report/json-report.ts'
import { chunks } from '#report/text-chunks.ts'
import { textFacts } from '#report/text-facts.ts'

/** What a report is in a registry (docs/adr): an OCI image manifest with this artifactType, an empty config, and a layer for each file. */
export const REPORT_TYPE = 'application/vnd.tallyman.check-report.v1'
export const REPORT_JSON_TYPE = 'application/vnd.tallyman.check-report.v1+json'
/** Of the manifest: the digest of what the report says, apart from when it was said. */
export const CONTENT_ANNOTATION = 'dev.tallyman.report.content'
/** Of the manifest: how many reports of this check were kept up to this one. */
export const SEQUENCE_ANNOTATION = 'dev.tallyman.report.sequence'
/** OCI image spec 1.1, "Guidance for an Empty Descriptor". */
export const EMPTY_CONFIG = Buffer.from('{}')
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json'

const FILES = [
  { title: 'report.json', mediaType: REPORT_JSON_TYPE, write: jsonReport },
  { title: 'report.csv', mediaType: 'text/csv', write: csvFindings },
  { title: 'report.html', mediaType: 'text/html', write: htmlReport },
] as const

export interface ArtifactFile {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly annotations: { readonly 'org.opencontainers.image.title': string }
  /** The content, from its beginning each time. */
  readonly read: () => Generator<Buffer>
}

export interface ReportArtifact {
  readonly manifest: { readonly bytes: Buffer; readonly mediaType: string; readonly digest: string }
  readonly config: { readonly digest: string; readonly size: number }
  readonly files: readonly ArtifactFile[]
}

/**
 * The digest of what a report says: equal for two runs that saw the same, however long they took, whenever it was, and however far the
 * reading of content has come.
 */
export async function contentOf(report: CheckReport): Promise<string> {
  const { startedAt, finishedAt, validUntil, oldestEvidence } = NO_TIMES
  const run = { startedAt, finishedAt, durationSeconds: 0, validUntil, oldestEvidence }
  return (await digestAndSize(jsonReport({ ...report, run, content: null }))).digest
}

const NO_TIMES = { startedAt: '', finishedAt: '', validUntil: null, oldestEvidence: null }

/** Puts a report together as an artifact; other work has its turn meanwhile. The same report gives the same bytes. */
export async function reportArtifact(
  report: CheckReport,
  content: string,
  sequence: number,
): Promise<ReportArtifact> {
  const files: ArtifactFile[] = []
  for (const { title, mediaType, write } of FILES) {
    files.push({
      mediaType,
      ...(await digestAndSize(write(report))),
      annotations: { 'org.opencontainers.image.title': title },
      read: () => chunks(write(report)),
    })
  }
  const config = { digest: sha256(EMPTY_CONFIG), size: EMPTY_CONFIG.length }
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: REPORT_TYPE,
    config: { mediaType: EMPTY_TYPE, ...config },
    layers: files.map(({ read: _, ...descriptor }) => descriptor),
    annotations: {
      'org.opencontainers.image.created': report.run.finishedAt,
      [CONTENT_ANNOTATION]: content,
      [SEQUENCE_ANNOTATION]: String(sequence),
    },
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  return { manifest: { bytes, mediaType: OCI_MANIFEST, digest: sha256(bytes) }, config, files }
}

async function digestAndSize(pieces: Iterable<string>): Promise<{ digest: string; size: number }> {
  const { sha256: digest, bytes } = await textFacts(pieces)
  return { digest: `sha256:${digest.toString('hex')}`, size: bytes }
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
