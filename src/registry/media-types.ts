/** The media types a container runtime knows (OCI image spec 1.1, docker image manifest v2). */
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_ARTIFACT = 'application/vnd.oci.artifact.manifest.v1+json'
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const SCHEMA_1 = 'application/vnd.docker.distribution.manifest.v1+json'
const SCHEMA_1_SIGNED = 'application/vnd.docker.distribution.manifest.v1+prettyjws'

/**
 * Every type in every request: without it docker-registry 2.8 converts a tag to schema 1, whose bytes do not have the
 * digest of the header, and answers OCI manifests with 404. Schema 1 comes last, only to be recognised.
 */
export const ACCEPT_MANIFESTS = [
  OCI_INDEX,
  DOCKER_LIST,
  OCI_MANIFEST,
  DOCKER_MANIFEST,
  OCI_ARTIFACT,
  SCHEMA_1_SIGNED,
].join(', ')

export type ManifestKind = 'image' | 'index' | 'artifact' | 'schema1'

const KINDS: Readonly<Record<string, ManifestKind>> = {
  [OCI_INDEX]: 'index',
  [DOCKER_LIST]: 'index',
  [OCI_MANIFEST]: 'image',
  [DOCKER_MANIFEST]: 'image',
  [OCI_ARTIFACT]: 'artifact',
  [SCHEMA_1]: 'schema1',
  [SCHEMA_1_SIGNED]: 'schema1',
}

/** What a manifest of this type is; undefined where the type says nothing (`application/json`) or is not known. */
export function kindOf(mediaType: string): ManifestKind | undefined {
  return Object.hasOwn(KINDS, mediaType) ? KINDS[mediaType] : undefined
}

/** The type of a Content-Type header, without parameters, in lower case. */
export function essence(contentType: string | undefined): string | undefined {
  if (contentType === undefined) return undefined
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase() || undefined
}
