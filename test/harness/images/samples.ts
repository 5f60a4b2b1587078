import { artifact, helmChart } from '#test/harness/images/artifact.ts'
import { cosignSignature, referrer, referrersIndex } from '#test/harness/images/companions.ts'
import { containerImage } from '#test/harness/images/container-image.ts'
import type { TestImage } from '#test/harness/images/content.ts'
import { imageIndex, multiPlatformImage } from '#test/harness/images/image-index.ts'

/** One of everything that the image maker makes, by a name that can be a tag. */
export function oneOfEach(seed: string): ReadonlyMap<string, TestImage> {
  const oci = containerImage({ seed })
  const sbom = referrer(oci, { seed, artifactType: 'application/spdx+json' })
  return new Map([
    ['oci', oci],
    ['docker', containerImage({ seed, family: 'docker' })],
    ['oci-index', multiPlatformImage({ seed })],
    ['docker-list', multiPlatformImage({ seed, family: 'docker' })],
    ['buildx', multiPlatformImage({ seed: `${seed}/buildx`, attestations: true })],
    ['empty-index', imageIndex('oci', [], { seed })],
    ['helm-chart', helmChart(seed, '1.2.3')],
    ['artifact', artifact({ seed })],
    ['cosign-signature', cosignSignature(oci)],
    ['referrer', sbom],
    ['referrers-index', referrersIndex([sbom])],
  ])
}

/** Every digest that a full copy of `image` consists of. */
export function digestsOf(image: TestImage): Set<string> {
  const below = image.children.flatMap((child) => [...digestsOf(child)])
  return new Set([image.manifest.digest, ...image.blobs.map((blob) => blob.digest), ...below])
}
