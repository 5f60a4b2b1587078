import { createCipheriv, hash } from 'node:crypto'

/** Bytes with their address. `mediaType` is what a descriptor or a Content-Type header says about them. */
export interface Content {
  readonly bytes: Buffer
  /** `sha256:` and 64 hex digits. */
  readonly digest: string
  readonly mediaType: string
}

/** How a manifest points to content (OCI image spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
  readonly artifactType?: string
}

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

/**
 * Everything that a registry must hold for one manifest: its bytes, the blobs that it names (config first), and for
 * an index the manifests below it. `children` need not hold everything that the index names.
 */
export interface TestImage {
  readonly manifest: Content
  readonly blobs: readonly Content[]
  readonly children: readonly TestImage[]
}

/** One entry of an index: a manifest and what the index says about it. */
export interface IndexEntry {
  readonly image: TestImage
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
}

/** `sha256:<hex>` of `bytes`. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash('sha256', bytes, 'hex')}`
}

export function contentOf(bytes: Buffer, mediaType: string): Content {
  return { bytes, digest: digestOf(bytes), mediaType }
}

/** JSON in the key order given, without blanks: the same value gives the same digest. */
export function jsonContent(value: unknown, mediaType: string): Content {
  return contentOf(Buffer.from(JSON.stringify(value)), mediaType)
}

export function descriptorOf(content: Content): Descriptor {
  return { mediaType: content.mediaType, digest: content.digest, size: content.bytes.length }
}

/** `size` bytes that nothing compresses, the same for the same seed. */
export function seededBytes(seed: string, size: number): Buffer {
  const key = hash('sha256', seed, 'buffer').subarray(0, 16)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size))
}
