import { listOf, recordOf, textOf } from './json.ts'

/** What of a Node this product keeps. */
export interface NodeProjection {
  readonly uid: string
  readonly name: string
  readonly resourceVersion: string
  /** As in OCI platforms: `linux`, `windows`. Empty before the kubelet has reported. */
  readonly os: string
  /** As in OCI platforms: `amd64`, `arm64`. A node reports no variant. */
  readonly architecture: string
  readonly ready: boolean
  /**
   * Every name of the images that the kubelet reports as cached (status.images): tags and digests, of one image too. It
   * reports only the largest ones (50 by default), so what is missing here may be cached all the same.
   */
  readonly images: readonly string[]
}

/** The projection of a Node in JSON; never throws. */
export function projectNode(raw: unknown): NodeProjection {
  const { metadata, status } = recordOf(raw)
  const meta = recordOf(metadata)
  const info = recordOf(recordOf(status).nodeInfo)
  return {
    uid: textOf(meta.uid),
    name: textOf(meta.name),
    resourceVersion: textOf(meta.resourceVersion),
    os: textOf(info.operatingSystem),
    architecture: textOf(info.architecture),
    ready: listOf(recordOf(status).conditions).some((condition) => {
      const { type, status: value } = recordOf(condition)
      return type === 'Ready' && value === 'True'
    }),
    images: listOf(recordOf(status).images)
      .flatMap((image) => listOf(recordOf(image).names))
      .map(textOf)
      .filter((name) => name !== ''),
  }
}
