import { gzipSync } from 'node:zlib'
import { type Content, contentOf, digestOf, seededBytes } from '#test/harness/images/content.ts'
import { idleProgram } from '#test/harness/images/idle-program.ts'

const BLOCK = 512

/** A layer as it is pulled, and the digest of its unpacked form, which the image config lists as `diff_id`. */
export interface Layer {
  readonly bytes: Buffer
  readonly diffId: string
}

/**
 * A layer that unpacks to one file of `size` seeded bytes. Its gzip form is stored, not deflated: quick to build, and
 * the same bytes under every version of zlib. It is about 2 KiB longer than its file.
 */
export function seededLayer(seed: string, size: number): Layer {
  const tar = tarOf(`layers/${digestOf(Buffer.from(seed)).slice(7, 23)}`, seededBytes(seed, size))
  return { bytes: gzipSync(tar, { level: 0 }), diffId: digestOf(tar) }
}

/**
 * A layer that unpacks to the executable `/app`, which does nothing until it is killed. Behind the program lie seeded
 * bytes: no other seed shares the layer.
 */
export function programLayer(seed: string, architecture: string): Layer {
  const program = Buffer.concat([idleProgram(architecture), seededBytes(seed, 32)])
  const tar = tarOf('app', program, '0000755')
  return { bytes: gzipSync(tar, { level: 0 }), diffId: digestOf(tar) }
}

export function layerContent(layer: Layer, mediaType: string): Content {
  return contentOf(layer.bytes, mediaType)
}

/** A POSIX ustar archive of one regular file, dated 1970 and owned by root. */
function tarOf(name: string, data: Buffer, mode = '0000644'): Buffer {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 100, 'utf8')
  header.write(`${mode}\0`, 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const padding = (BLOCK - (data.length % BLOCK)) % BLOCK
  return Buffer.concat([header, data, Buffer.alloc(padding + 2 * BLOCK)])
}
