import { isDigest } from './digest.ts'

/** What a manifest says of the content it points to (OCI image spec 1.1, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
  /** Other places that hold the content; set where the layer may not be distributed. */
  readonly urls?: readonly string[]
  readonly artifactType?: string
}

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
  readonly 'os.version'?: string
}

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A descriptor from parsed JSON, or what is wrong with it. Fields that we do not know are left behind. */
export function readDescriptor(value: unknown): Descriptor | string {
  if (!isObject(value)) return 'a descriptor is no object'
  const { mediaType, digest, size, platform, annotations, urls, artifactType } = value
  if (typeof digest !== 'string' || !isDigest(digest)) return 'a descriptor has no valid digest'
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    return `the descriptor of ${digest} has no valid size`
  if (mediaType !== undefined && typeof mediaType !== 'string')
    return `the descriptor of ${digest} has no valid mediaType`
  return {
    mediaType: mediaType ?? '',
    digest,
    size,
    ...(isObject(platform) ? { platform: readPlatform(platform) } : {}),
    ...(isObject(annotations) ? { annotations: stringsOf(annotations) } : {}),
    ...(Array.isArray(urls) ? { urls: urls.filter((url) => typeof url === 'string') } : {}),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
  }
}

function readPlatform(value: JsonObject): Platform {
  const { os, architecture, variant, 'os.version': osVersion } = value
  return {
    os: typeof os === 'string' ? os : '',
    architecture: typeof architecture === 'string' ? architecture : '',
    ...(typeof variant === 'string' && variant !== '' ? { variant } : {}),
    ...(typeof osVersion === 'string' && osVersion !== '' ? { 'os.version': osVersion } : {}),
  }
}

/** The entries of a map whose values are strings. */
export function stringsOf(value: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (typeof each === 'string' ? [[key, each] as const] : [])),
  )
}
