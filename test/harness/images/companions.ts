import { type Artifact, type ArtifactOptions, artifact } from '#test/harness/images/artifact.ts'
import { imageManifest } from '#test/harness/images/container-image.ts'
import {
  type Descriptor,
  descriptorOf,
  jsonContent,
  seededBytes,
  type TestImage,
} from '#test/harness/images/content.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '#test/harness/images/media-types.ts'

/** What cosign stores under tags of its own beside an image. */
export type CosignKind = 'sig' | 'att' | 'sbom'

/** The tag of cosign's signature, attestation or SBOM of a digest: `sha256-<hex>.sig`. */
export function cosignTag(digest: string, kind: CosignKind): string {
  return `${referrersTag(digest)}.${kind}`
}

/** The tag that lists the referrers of a digest where the registry has no referrers API: `sha256-<hex>`. */
export function referrersTag(digest: string): string {
  return digest.replace(':', '-')
}

/** A cosign signature of `subject` (cosign SIGNATURE_SPEC.md), to be tagged `cosignTag(subject.manifest.digest, 'sig')`. */
export function cosignSignature(subject: TestImage, seed = 'key'): TestImage {
  const payload = jsonContent(
    {
      critical: {
        identity: { 'docker-reference': '' },
        image: { 'docker-manifest-digest': subject.manifest.digest },
        type: 'cosign container image signature',
      },
      optional: null,
    },
    'application/vnd.dev.cosign.simplesigning.v1+json',
  )
  const config = jsonContent(
    {
      architecture: '',
      created: '0001-01-01T00:00:00Z',
      os: '',
      config: {},
      rootfs: { type: 'layers', diff_ids: [payload.digest] },
    },
    OCI_CONFIG,
  )
  const signature = seededBytes(`${seed}/${subject.manifest.digest}`, 70).toString('base64')
  return {
    manifest: imageManifest(OCI_MANIFEST, config, [payload], {
      'dev.cosignproject.cosign/signature': signature,
    }),
    blobs: [config, payload],
    children: [],
  }
}

/** An artifact whose `subject` is `subject`: an SBOM, a report, a signature bundle, by its `artifactType`. */
export function referrer(subject: TestImage, options: Omit<ArtifactOptions, 'subject'>): Artifact {
  return artifact({ ...options, subject: descriptorOf(subject.manifest) })
}

/** The index to be tagged `referrersTag(digest)`; clients keep it where the registry does not (distribution spec 1.1). */
export function referrersIndex(referrers: readonly Artifact[]): TestImage {
  const manifest = jsonContent(
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests: referrers.map(referrerDescriptor) },
    OCI_INDEX,
  )
  return { manifest, blobs: [], children: referrers }
}

function referrerDescriptor({ manifest, artifactType }: Artifact): Descriptor {
  return { ...descriptorOf(manifest), artifactType }
}
