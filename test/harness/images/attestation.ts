import { imageManifest } from '#test/harness/images/container-image.ts'
import { type IndexEntry, jsonContent, type TestImage } from '#test/harness/images/content.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '#test/harness/images/media-types.ts'

const IN_TOTO = 'application/vnd.in-toto+json'

/**
 * The provenance that Buildx puts beside `subject` in the same index: a manifest for the platform `unknown/unknown`,
 * bound to it only by an annotation (docs.docker.com/build/metadata/attestations/attestation-storage).
 */
export function attestationFor(subject: TestImage): IndexEntry {
  const statement = jsonContent(
    {
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://slsa.dev/provenance/v0.2',
      subject: [{ name: '_', digest: { sha256: subject.manifest.digest.slice('sha256:'.length) } }],
      predicate: { buildType: 'https://mobyproject.org/buildkit@v1' },
    },
    IN_TOTO,
  )
  const config = jsonContent(
    {
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: [statement.digest] },
    },
    OCI_CONFIG,
  )
  return {
    image: {
      manifest: imageManifest(OCI_MANIFEST, config, [statement]),
      blobs: [config, statement],
      children: [],
    },
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.digest': subject.manifest.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
  }
}
