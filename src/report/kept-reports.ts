import { createHash } from 'node:crypto'
import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions, Manifest, RegistryClient } from '#registry/client.ts'
import { CheckReport } from '#report/check-report.ts'
import {
  CONTENT_ANNOTATION,
  EMPTY_CONFIG,
  REPORT_JSON_TYPE,
  REPORT_TYPE,
  type ReportArtifact,
  reportArtifact,
  SEQUENCE_ANNOTATION,
} from '#report/report-artifact.ts'

/** So many reports of a check are kept: each takes the tag of the oldest. That needs no right to delete. */
export const KEPT_REPORTS = 10
export const LATEST = 'latest'
/** A report of 100,000 images has some 60 MB; to read it takes a second or two of the event loop. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024
const MAX_REPOSITORY = 200

export interface KeptReport {
  readonly digest: string
  /** See contentOf. */
  readonly content: string
  readonly sequence: number
}

/** Where the reports of a check lie in its workspace. A name that is too long for that is there by its hash. */
export function reportRepository(prefix: string, namespace: string, name: string): string {
  const repository = `${prefix}/reports/${namespace}/${name}`
  if (repository.length <= MAX_REPOSITORY) return repository
  return `${prefix}/reports/${createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 40)}`
}

/** The tag of the report with this number, from 1 on. */
export function reportTag(sequence: number): string {
  return `report-${sequence % KEPT_REPORTS}`
}

/** What was kept last; undefined: nothing, or nothing that we could have written. @throws REGISTRY_* */
export async function lastKept(
  client: RegistryClient,
  repository: string,
  call: CallOptions,
): Promise<KeptReport | undefined> {
  try {
    return keptReport(await client.getManifest(repository, LATEST, call))
  } catch (error) {
    if (hasCode(error, 'REGISTRY_ABSENT', 'REGISTRY_MANIFEST_INVALID', 'REGISTRY_MEDIA_TYPE'))
      return undefined
    throw error
  }
}

function keptReport({ artifactType, annotations = {}, digest }: Manifest): KeptReport | undefined {
  const content = annotations[CONTENT_ANNOTATION]
  const sequence = Number(annotations[SEQUENCE_ANNOTATION])
  if (artifactType !== REPORT_TYPE || content === undefined) return undefined
  return Number.isSafeInteger(sequence) && sequence > 0 ? { digest, content, sequence } : undefined
}

/**
 * Keeps a report after the one that was kept last: its files, then its manifest under the tag that is due, then `latest`. Whoever is
 * interrupted between has overwritten the oldest, and does so again.
 * @throws REGISTRY_*, and what `call.beforeSend` throws
 */
export async function keepReport(
  client: RegistryClient,
  repository: string,
  report: CheckReport,
  { content, sequence }: Pick<KeptReport, 'content' | 'sequence'>,
  call: CallOptions,
): Promise<KeptReport> {
  const artifact = await reportArtifact(report, content, sequence)
  await upload(client, repository, artifact, call)
  for (const tag of [reportTag(sequence), LATEST]) {
    await client.putManifest(repository, tag, artifact.manifest, call)
  }
  return { digest: artifact.manifest.digest, content, sequence }
}

async function upload(
  client: RegistryClient,
  repository: string,
  { config, files }: ReportArtifact,
  call: CallOptions,
): Promise<void> {
  await client.uploadBlob(repository, config, () => EMPTY_CONFIG, call)
  for (const { read, digest, size } of files) {
    await client.uploadBlob(repository, { digest, size }, () => eachOf(read()), call)
  }
}

async function* eachOf<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  yield* items
}

/** Reads a report that was kept. @throws REPORT_INVALID it is none of this version; REGISTRY_* */
export async function readKeptReport(
  client: RegistryClient,
  repository: string,
  digest: string,
  call: CallOptions,
): Promise<{ readonly report: CheckReport; readonly kept: KeptReport }> {
  const manifest = await client.getManifest(repository, digest, call)
  const kept = keptReport(manifest)
  const layers = manifest.kind === 'image' ? manifest.layers : []
  const file = layers.find(({ mediaType }) => mediaType === REPORT_JSON_TYPE)
  if (kept === undefined || file === undefined || file.size > MAX_REPORT_BYTES) {
    throw invalid(repository, digest)
  }
  const parts: Uint8Array[] = []
  for await (const part of client.readBlob(repository, file, call)) parts.push(part)
  try {
    return { report: CheckReport.parse(JSON.parse(Buffer.concat(parts).toString('utf8'))), kept }
  } catch (error) {
    throw invalid(repository, digest, error)
  }
}

function invalid(repository: string, digest: string, cause?: unknown): TallymanError {
  const message = `${repository}@${digest} is no report of a RegistryCheck that this version reads`
  return new TallymanError('REPORT_INVALID', message, cause === undefined ? {} : { cause })
}
