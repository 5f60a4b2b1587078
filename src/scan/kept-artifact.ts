import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions, Descriptor, Manifest, RegistryClient } from '#registry/client.ts'
import { digestOf } from '#registry/digest.ts'
import { EMPTY_CONFIG, EMPTY_DESCRIPTOR } from '#registry/empty-config.ts'
import { OCI_MANIFEST } from '#registry/media-types.ts'
import { repositoryBelow } from '#registry/repository-below.ts'
import { invalid } from '#scan/kept-cells.ts'

/** Packed, and unpacked. A file of a memory has a MB or two; more is not ours. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

/** Where something is kept: a tag in a workspace. */
export interface KeptPlace {
  readonly client: RegistryClient
  readonly repository: string
  readonly tag: string
}

/** Where a policy keeps what it remembers. */
export function policyRepository(prefix: string, namespace: string, name: string): string {
  return repositoryBelow(`${prefix}/policies`, `${namespace}/${name}`)
}

/** A file of an artifact, packed. */
export interface KeptFile {
  readonly mediaType: string
  readonly digest: string
  readonly bytes: Uint8Array
}

/** The same content gives the same bytes. */
export async function packed(mediaType: string, content: Uint8Array): Promise<KeptFile> {
  const bytes = await promisify(gzip)(content, { level: 6 })
  return { mediaType, digest: digestOf(bytes), bytes }
}

/**
 * Writes the manifest of an artifact whose files are there: an OCI image manifest with an empty config, a layer for each file.
 * @param isNext told of its digest right before it is written @throws what forbids that
 * @returns its digest
 * @throws REGISTRY_*, and what `call.beforeSend` throws
 */
export async function putArtifact(
  { client, repository, tag }: KeptPlace,
  artifactType: string,
  layers: readonly Pick<Descriptor, 'mediaType' | 'digest' | 'size'>[],
  annotations: Readonly<Record<string, string>>,
  call: CallOptions,
  isNext: (digest: string) => Promise<void> = async () => undefined,
): Promise<string> {
  await client.uploadBlob(repository, EMPTY_DESCRIPTOR, () => EMPTY_CONFIG, call)
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType,
    config: EMPTY_DESCRIPTOR,
    layers,
    annotations,
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  const digest = digestOf(bytes)
  await isNext(digest)
  await client.putManifest(repository, tag, { bytes, mediaType: OCI_MANIFEST }, call)
  return digest
}

/** The files that a manifest names. @throws MEMORY_INVALID it is no such artifact, or has more bytes than `maxBytes` */
export function filesOf(
  manifest: Manifest,
  artifactType: string,
  maxBytes: number,
): readonly Pick<Descriptor, 'mediaType' | 'digest' | 'size'>[] {
  if (manifest.kind !== 'image' || manifest.artifactType !== artifactType) {
    throw invalid(`is no ${artifactType}: ${manifest.digest}`)
  }
  const bytes = manifest.layers.reduce((sum, { size }) => sum + size, 0)
  if (bytes > maxBytes) throw invalid(`has ${bytes} bytes, more than ${maxBytes}`)
  return manifest.layers
}

/** Reads something there. What it throws as MEMORY_INVALID says where that is. */
export async function readAt<T>({ repository, tag }: KeptPlace, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!hasCode(error, 'MEMORY_INVALID')) throw error
    throw new TallymanError('MEMORY_INVALID', `${repository}:${tag}: ${error.message}`, { cause: error })
  }
}

/** The content of a file. @throws MEMORY_INVALID, REGISTRY_* */
export async function readFile(
  { client, repository }: KeptPlace,
  file: Pick<Descriptor, 'digest' | 'size'>,
  call: CallOptions,
): Promise<Buffer> {
  if (file.size > MAX_FILE_BYTES) throw invalid(`has a file of ${file.size} bytes`)
  const parts: Uint8Array[] = []
  for await (const part of client.readBlob(repository, file, call)) parts.push(part)
  try {
    return await promisify(gunzip)(Buffer.concat(parts), { maxOutputLength: MAX_FILE_BYTES })
  } catch (error) {
    throw invalid(`has a file that is not packed as ours are: ${file.digest}`, error)
  }
}
