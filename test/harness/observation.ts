import { ACCEPT_MANIFESTS, digestOf, type TestImage } from '#test/harness/images.ts'
import type { WireResponse } from '#test/harness/registry/wire.ts'
import type { TestRegistry } from '#test/harness/registry.ts'

/**
 * What a registry answers about one image. Each is a status with, where it matters, the error code, or what became of
 * the body: `whole`, `cut` (connection ended early), `other` (complete, of another digest), or its length for a HEAD.
 */
export interface Observation {
  readonly listed: boolean
  readonly byTag: string
  readonly byDigest: string
  /** GET by digest with `If-None-Match`. */
  readonly unchanged: string
  readonly configGet: string
  readonly layerHead: string
  readonly layerGet: string
  /** GET of the layer's last byte. */
  readonly lastByte: string
  /** The first entry of an index, by digest. */
  readonly child: string
}

/** Looks at an image through the bare API; of an index, config and layer are those of its first child. */
export async function observe(
  registry: TestRegistry,
  repository: string,
  tag: string,
  image: TestImage,
): Promise<Observation> {
  const { digest } = image.manifest
  const leaf = image.children[0] ?? image
  const [config, layer] = leaf.blobs
  if (config === undefined || layer === undefined) throw new Error('an image without config or layer')
  const send = (path: string, method: 'GET' | 'HEAD', headers: Record<string, string> = {}) =>
    registry.wire.send({ path: `/v2/${repository}/${path}`, method, headers })
  const manifest = (reference: string, headers: Record<string, string> = {}) =>
    send(`manifests/${reference}`, 'GET', { accept: ACCEPT_MANIFESTS, ...headers })
  const last = layer.bytes.length - 1
  const tags = await send('tags/list', 'GET')
  return {
    listed: tags.body.includes(`"${tag}"`),
    byTag: describeBody(await manifest(tag), digest),
    byDigest: describeBody(await manifest(digest), digest),
    unchanged: describeBody(await manifest(digest, { 'if-none-match': `"${digest}"` }), digest),
    configGet: describeBody(await send(`blobs/${config.digest}`, 'GET'), config.digest),
    layerHead: describeLength(await send(`blobs/${layer.digest}`, 'HEAD'), layer.bytes.length),
    layerGet: describeBody(await send(`blobs/${layer.digest}`, 'GET'), layer.digest),
    lastByte: describeBody(
      await send(`blobs/${layer.digest}`, 'GET', { range: `bytes=${last}-${last}` }),
      digestOf(layer.bytes.subarray(last)),
    ),
    child: describeBody(await manifest(leaf.manifest.digest), leaf.manifest.digest),
  }
}

function describeBody(response: WireResponse, digest: string): string {
  const { status, body, cut } = response
  if (status >= 400) return [status, /"code":"([A-Z_]+)"/.exec(body.toString())?.[1] ?? ''].join(' ').trim()
  if (status === 304) return '304'
  if (cut) return `${status} cut`
  return `${status} ${digestOf(body) === digest ? 'whole' : body.length === 0 ? 'empty' : 'other'}`
}

function describeLength(response: WireResponse, length: number): string {
  if (response.status >= 400) return String(response.status)
  const said = Number(response.headers['content-length'])
  return `${response.status} ${said === length ? 'full length' : said === 0 ? 'length 0' : 'shorter'}`
}
