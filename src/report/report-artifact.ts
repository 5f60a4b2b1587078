import type { CheckReport } from '#report/check-report.ts'
import { csvFindings } from '#report/csv-report.ts'
import { htmlReport } from '#report/html-report.ts'
import { jsonReport } from '#report/json-report.ts'
import {
  artifactManifest,
  CONTENT_ANNOTATION,
  type FileDescriptor,
  SEQUENCE_ANNOTATION,
} from '#report/oci-artifact.ts'
import { chunks } from '#report/text-chunks.ts'
import { textFacts } from '#report/text-facts.ts'

/** What a report is in a registry (docs/adr): an OCI image manifest with this artifactType, an empty config, and a layer for each file. */
export const REPORT_TYPE = 'application/vnd.tallyman.check-report.v1'
export const REPORT_JSON_TYPE = 'application/vnd.tallyman.check-report.v1+json'
const FILES = [
  { title: 'report.json', mediaType: REPORT_JSON_TYPE, write: jsonReport },
  { title: 'report.csv', mediaType: 'text/csv', write: csvFindings },
  { title: 'report.html', mediaType: 'text/html', write: htmlReport },
] as const

export interface ArtifactFile extends FileDescriptor {
  /** The content, from its beginning each time. */
  readonly read: () => Generator<Buffer>
}

export interface ReportArtifact {
  readonly manifest: ReturnType<typeof artifactManifest>
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
  const manifest = artifactManifest({
    artifactType: REPORT_TYPE,
    files: files.map(({ read: _, ...descriptor }) => descriptor),
    annotations: {
      'org.opencontainers.image.created': report.run.finishedAt,
      [CONTENT_ANNOTATION]: content,
      [SEQUENCE_ANNOTATION]: String(sequence),
    },
  })
  return { manifest, files }
}

async function digestAndSize(pieces: Iterable<string>): Promise<{ digest: string; size: number }> {
  const { sha256: digest, bytes } = await textFacts(pieces)
  return { digest: `sha256:${digest.toString('hex')}`, size: bytes }
}
