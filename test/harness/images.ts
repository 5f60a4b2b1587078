/** The image maker: pure builders of everything that lies in a registry. The same options give the same digests. */
export { artifact, EMPTY_CONFIG, helmChart } from '#test/harness/images/artifact.ts'
export { attestationFor } from '#test/harness/images/attestation.ts'
export {
  cosignSignature,
  cosignTag,
  referrer,
  referrersIndex,
  referrersTag,
} from '#test/harness/images/companions.ts'
export {
  type ContainerImageOptions,
  containerImage,
  LINUX_AMD64,
} from '#test/harness/images/container-image.ts'
export {
  type Content,
  contentOf,
  descriptorOf,
  digestOf,
  jsonContent,
  type TestImage,
} from '#test/harness/images/content.ts'
export { imageIndex, multiPlatformImage, TWO_PLATFORMS } from '#test/harness/images/image-index.ts'
export * from '#test/harness/images/media-types.ts'
export { imageSeries } from '#test/harness/images/series.ts'
