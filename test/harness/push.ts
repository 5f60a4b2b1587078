import type { Content, TestImage } from '#test/harness/images.ts'
import type { WireRequest, WireResponse } from '#test/harness/registry/wire.ts'
import type { TestRegistry } from '#test/harness/registry.ts'

/**
 * Pushes an image through the API, children and blobs first, then its manifest under each tag (or by digest only).
 * @throws Error with the registry's answer where a step is refused
 */
export async function pushImage(
  registry: TestRegistry,
  repository: string,
  image: TestImage,
  ...tags: readonly string[]
): Promise<void> {
  for (const child of image.children) await pushImage(registry, repository, child)
  for (const blob of image.blobs) await pushBlob(registry, repository, blob)
  for (const reference of tags.length > 0 ? tags : [image.manifest.digest]) {
    await pushManifest(registry, repository, image.manifest, reference)
  }
}

/** PUT of one manifest; everything that it names must be there. */
export async function pushManifest(
  registry: TestRegistry,
  repository: string,
  manifest: Content,
  reference: string,
): Promise<void> {
  await expectStatus(201, registry, repository, {
    method: 'PUT',
    path: `/v2/${repository}/manifests/${reference}`,
    headers: { 'content-type': manifest.mediaType },
    body: manifest.bytes,
  })
}

/** POST and PUT of one blob, whether or not it is there. */
export async function pushBlob(registry: TestRegistry, repository: string, blob: Content): Promise<void> {
  const session = await expectStatus(202, registry, repository, {
    method: 'POST',
    path: `/v2/${repository}/blobs/uploads/`,
  })
  const location = new URL(session.headers.location ?? '', registry.url)
  location.searchParams.set('digest', blob.digest)
  await expectStatus(201, registry, repository, {
    method: 'PUT',
    path: `${location.pathname}${location.search}`,
    headers: { 'content-type': 'application/octet-stream' },
    body: blob.bytes,
  })
}

async function expectStatus(
  status: number,
  registry: TestRegistry,
  repository: string,
  request: WireRequest,
): Promise<WireResponse> {
  const authorization = registry.authorization(`repository:${repository}:pull,push`)
  const response = await registry.wire.send({
    ...request,
    headers: { ...request.headers, ...authorization },
  })
  if (response.status === status) return response
  const [where] = request.path.split('?')
  throw new Error(`${request.method} ${where}: ${response.status} instead of ${status}\n${response.body}`)
}
