import { TallymanError } from '#catalogue/error.ts'
import type { CallOptions, RegistryClient } from '#registry/client.ts'
import { EMPTY_CONFIG, EMPTY_DESCRIPTOR } from '#registry/empty-config.ts'
import { CheckReport } from '#report/check-report.ts'
import { KEPT, keptRepository, LATEST, manifestIfAny, putInTurn } from '#report/kept-place.ts'
import { type KeptContent, keptContent } from '#report/oci-artifact.ts'
import {
  REPORT_JSON_TYPE,
  REPORT_TYPE,
  type ReportArtifact,
  reportArtifact,
} from '#report/report-artifact.ts'

/** A report of 100,000 images has some 60 MB; to read it takes a second or two of the event loop. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024

/** `content`: see contentOf. */
export type KeptReport = KeptContent

/** Where the reports of a check lie in its workspace. */
export function reportRepository(prefix: string, namespace: string, name: string): string {
  return keptRepository(prefix, 'reports', namespace, name)
}

/** The tag of the report with this number, from 1 on. */
export function reportTag(sequence: number): string {
  return `report-${sequence % KEPT}`
}

/** What was kept last; undefined: nothing, or nothing that we could have written. @throws REGISTRY_* */
export async function lastKept(
  client: RegistryClient,
  repository: string,
  call: CallOptions,
): Promise<KeptReport | undefined> {
  const manifest = await manifestIfAny(client, repository, LATEST, call)
  return manifest === undefined ? undefined : keptContent(manifest, REPORT_TYPE)
}

/**
 * Keeps a report after the one that was kept last: its files, then its manifest (putInTurn).
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
  await putInTurn(client, repository, reportTag(sequence), artifact.manifest, call)
  return { digest: artifact.manifest.digest, content, sequence }
}

async function upload(
  client: RegistryClient,
  repository: string,
  { files }: ReportArtifact,
  call: CallOptions,
): Promise<void> {
  await client.uploadBlob(repository, EMPTY_DESCRIPTOR, () => EMPTY_CONFIG, call)
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
  const kept = keptContent(manifest, REPORT_TYPE)
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
