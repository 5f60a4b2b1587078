import { TallymanError } from '#catalogue/error.ts'
import { isObject, stringsOf } from './descriptor.ts'
import { parseJson } from './json.ts'

/** No config seen in the wild comes near; it is read whole. */
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024

/** What an image config says, as far as anybody asks. Configs of things that are no images have none of the fields. */
export interface ImageConfig {
  readonly digest: string
  readonly os?: string
  readonly architecture?: string
  readonly variant?: string
  readonly 'os.version'?: string
  /** As written. It lies often (1970, 1980, year 1): who uses it must judge it. */
  readonly created?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Digests of the unpacked layers. */
  readonly diffIds?: readonly string[]
}

/**
 * The config that verified bytes hold.
 * @throws REGISTRY_MANIFEST_INVALID where they are no JSON object, are nested too deep, or hold too many values
 */
export function parseConfig(bytes: Uint8Array, digest: string, what: string): ImageConfig {
  const body = parseJson(bytes)?.value
  if (!isObject(body)) {
    throw new TallymanError(
      'REGISTRY_MANIFEST_INVALID',
      `The config ${what} is no JSON object, is nested too deep, or holds too many values`,
      {
        details: { digest },
      },
    )
  }
  const text = (field: string) => {
    const value = body[field]
    return typeof value === 'string' && value !== '' ? { [field]: value } : {}
  }
  const labels = isObject(body.config) ? body.config.Labels : undefined
  const diffIds = isObject(body.rootfs) ? body.rootfs.diff_ids : undefined
  return {
    digest,
    ...text('os'),
    ...text('architecture'),
    ...text('variant'),
    ...text('os.version'),
    ...text('created'),
    ...(isObject(labels) ? { labels: stringsOf(labels) } : {}),
    ...(Array.isArray(diffIds) ? { diffIds: diffIds.filter((each) => typeof each === 'string') } : {}),
  }
}
