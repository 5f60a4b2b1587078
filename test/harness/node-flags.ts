import { readFileSync } from 'node:fs'
import path from 'node:path'

const DOCKERFILE = path.join(import.meta.dirname, '../../Dockerfile')

/** The flags that the image starts Node with: what is tested and measured runs as in the image. */
export function imageNodeFlags(): string[] {
  const [, entrypoint] = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(DOCKERFILE, 'utf8')) ?? []
  const words: unknown = JSON.parse(entrypoint ?? '[]')
  const flags = Array.isArray(words) ? words.filter((word) => /^--/.test(String(word))).map(String) : []
  if (flags.length === 0) throw new Error('the ENTRYPOINT of the Dockerfile names no flags of Node')
  return flags
}
