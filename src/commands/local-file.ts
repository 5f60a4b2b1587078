import { createReadStream } from 'node:fs'
import { TallymanError } from '#catalogue/error.ts'
import { readBounded } from '#commands/bounded-input.ts'

/** Certificates of every authority there is take a quarter of it. */
const MOST_BYTES = 1024 * 1024

const WHY: Readonly<Partial<Record<string, string>>> = {
  EISDIR: 'it is a directory (EISDIR)',
  EACCES: 'this user may not read it (EACCES)',
}

/**
 * The text of a file that an option or the environment names, a pipe (`<(…)`) included.
 * @param what for messages: `--ca-file`
 * @throws LOCAL_FILE_INVALID
 */
export async function readLocalFile(path: string, what: string, signal: AbortSignal): Promise<string> {
  const text = await readIfThere(path, what, signal)
  if (text !== undefined) return text
  throw new TallymanError('LOCAL_FILE_INVALID', `${what}: there is no file ${path}`)
}

/** The same; undefined where there is no such file. */
export async function readIfThere(
  path: string,
  what: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await readBounded(createReadStream(path, { signal }), MOST_BYTES, `${what}: ${path}`)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TallymanError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new TallymanError('LOCAL_FILE_INVALID', `${what}: ${path} cannot be read: ${WHY[code] ?? code}`, {
      cause: error,
    })
  }
}
