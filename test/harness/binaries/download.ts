import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EnvHttpProxyAgent, fetch } from 'undici'
import { publishedChecksum } from '#test/harness/binaries/checksum.ts'
import type { ReleaseFile } from '#test/harness/binaries/families.ts'
import { run } from '#test/harness/binaries/run.ts'

const MAX_CHECKSUM_BYTES = 4 * 1024 * 1024

/** Why a release was not to be had. The build through Go modules is next; nothing is wrong yet. */
export class NotDownloadable extends Error {
  override readonly name = 'NotDownloadable'
}

/** Downloads release files. Remembers for its lifetime which hosts cannot be reached and does not ask them again. */
export class Downloader {
  readonly #unreachable = new Map<string, string>()
  // A host behind a closed firewall answers never: two and a half seconds, once, and the build begins.
  readonly #dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: 2_500 },
    headersTimeout: 15_000,
    bodyTimeout: 30_000,
  })

  /**
   * The SHA-256 that the project publishes for this file.
   * @throws NotDownloadable when the host cannot be reached or nothing is published
   */
  async checksum(release: ReleaseFile): Promise<string> {
    const file = fileName(release)
    const checksum = publishedChecksum(await this.#text(release.checksumUrl), file)
    if (checksum === undefined)
      throw new NotDownloadable(`${release.checksumUrl} holds no SHA-256 for ${file}`)
    return checksum
  }

  /**
   * Puts the program of a release at `target`, executable, when its checksum is right. `staging` is a folder that is
   * ours alone, on the same file system.
   * @throws NotDownloadable when the file is not to be had
   * @throws Error when its checksum is wrong: that is never passed over in silence
   */
  async download(release: ReleaseFile, expected: string, target: string, staging: string): Promise<void> {
    await mkdir(staging, { recursive: true })
    const download = path.join(staging, fileName(release))
    const actual = await this.#save(release.url, download)
    if (actual !== expected) {
      await rm(download)
      throw new Error(`${release.url} has SHA-256 ${actual}, but ${release.checksumUrl} says ${expected}`)
    }
    let program = download
    if (release.member !== undefined) {
      await run('tar', ['-xf', download, '-C', staging, release.member])
      program = path.join(staging, release.member)
    }
    await chmod(program, 0o755)
    await mkdir(path.dirname(target), { recursive: true })
    await rename(program, target)
  }

  close(): Promise<void> {
    return this.#dispatcher.close()
  }

  async #text(url: string): Promise<string> {
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of await this.#open(url)) {
      size += chunk.byteLength
      if (size > MAX_CHECKSUM_BYTES) throw new NotDownloadable(`${url} is larger than a checksum file`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  /** @returns the SHA-256 of what was written */
  async #save(url: string, file: string): Promise<string> {
    const hash = createHash('sha256')
    const hashing = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        hash.update(chunk)
        done(null, chunk)
      },
    })
    const body = await this.#open(url)
    try {
      await pipeline(Readable.from(body), hashing, createWriteStream(file))
    } catch (error) {
      throw new NotDownloadable(`${url} broke off: ${String(error)}`, { cause: error })
    }
    return hash.digest('hex')
  }

  async #open(url: string): Promise<AsyncIterable<Uint8Array>> {
    const { host } = new URL(url)
    const known = this.#unreachable.get(host)
    if (known !== undefined) throw new NotDownloadable(known)
    const response = await fetch(url, { dispatcher: this.#dispatcher }).catch((error: unknown) => {
      const reason = `${host} cannot be reached (${causeOf(error)})`
      this.#unreachable.set(host, reason)
      throw new NotDownloadable(reason, { cause: error })
    })
    if (!response.ok || response.body === null) {
      await response.body?.cancel()
      throw new NotDownloadable(`${url} answered ${response.status}`)
    }
    return response.body
  }
}

function fileName(release: ReleaseFile): string {
  return path.basename(new URL(release.url).pathname)
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (cause instanceof Error && 'code' in cause) return String(cause.code)
  return String(cause)
}
