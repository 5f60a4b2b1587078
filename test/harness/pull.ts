import { z } from 'zod'
import { digestOf } from '#test/harness/images.ts'
import type { RegistryWire, WireRequest, WireResponse } from '#test/harness/registry/wire.ts'

export const ACCEPT_MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** Of a GET that the registry answers with an error of its own: such a moment is over by the next one or two. */
const TRIES = 10

const Named = z.object({ digest: z.string() })
const Manifest = z.object({
  config: Named.optional(),
  layers: z.array(Named).optional(),
  manifests: z.array(Named).optional(),
})

/** What a tag or digest names; undefined: the registry has no such. @throws Error where it answers neither 200 nor 404 */
export async function named(
  wire: RegistryWire,
  repository: string,
  reference: string,
): Promise<string | undefined> {
  const path = `/v2/${repository}/manifests/${reference}`
  const { status, headers } = await wire.send({ method: 'HEAD', path, headers: { accept: ACCEPT_MANIFESTS } })
  if (status === 404) return undefined
  if (status !== 200) throw new Error(`HEAD ${path}: ${status}`)
  return headers['docker-content-digest']
}

/**
 * Pulls everything below a tag or digest, all platforms of an index included, and computes every digest from the bytes: the plainest client that
 * there is, with no code of the product.
 * @returns what is missing or wrong; undefined: it pulls whole
 */
export function pullProblem(
  wire: RegistryWire,
  repository: string,
  reference: string,
): Promise<string | undefined> {
  return problemBelow(wire, repository, reference, (digest) => blobProblem(wire, repository, digest))
}

/** The same without its blobs. */
export function manifestProblem(
  wire: RegistryWire,
  repository: string,
  reference: string,
): Promise<string | undefined> {
  return problemBelow(wire, repository, reference, async () => undefined)
}

async function problemBelow(
  wire: RegistryWire,
  repository: string,
  reference: string,
  ofBlob: (digest: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  const path = `/v2/${repository}/manifests/${reference}`
  const { status, body, cut } = await answered(wire, { path, headers: { accept: ACCEPT_MANIFESTS } })
  if (status !== 200 || cut) return `GET ${path}: ${cut ? 'cut off' : status}`
  if (reference.startsWith('sha256:') && digestOf(body) !== reference) return `GET ${path}: other bytes`
  const manifest = Manifest.safeParse(JSON.parse(body.toString('utf8')))
  if (!manifest.success) return `GET ${path}: no manifest`
  const { config, layers = [], manifests = [] } = manifest.data
  if (config === undefined && manifests.length === 0) return `GET ${path}: names nothing`
  for (const child of manifests) {
    const problem = await problemBelow(wire, repository, child.digest, ofBlob)
    if (problem !== undefined) return problem
  }
  for (const { digest } of config === undefined ? layers : [config, ...layers]) {
    const problem = await ofBlob(digest)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** docker-registry 2.8 answers 500 while somebody else pushes the same manifest: its link is truncated before it is written. Who pulls asks again. */
async function answered(wire: Pick<RegistryWire, 'send'>, request: WireRequest): Promise<WireResponse> {
  for (let tries = 1; ; tries++) {
    const response = await wire.send(request)
    if (response.status < 500 || tries === TRIES) return response
  }
}

async function blobProblem(
  wire: RegistryWire,
  repository: string,
  digest: string,
): Promise<string | undefined> {
  const path = `/v2/${repository}/blobs/${digest}`
  const { status, body, cut } = await wire.send({ path })
  if (status !== 200) return `GET ${path}: ${status}`
  return cut || digestOf(body) !== digest ? `GET ${path}: other bytes` : undefined
}
