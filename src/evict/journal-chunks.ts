import { digestOf } from '#registry/digest.ts'
import type { JournalRecord } from './journal.ts'
import { toLine } from './journal-lines.ts'

/** Lines are put together up to this size; a line has at most the 6 MiB of one manifest in base64. */
const CHUNK_BYTES = 4 * 1024 * 1024

/** By how many more intents are open than before. */
export function openedBy(records: readonly JournalRecord[]): number {
  const count = (kind: JournalRecord['kind']) => records.filter((record) => record.kind === kind).length
  return count('intent') - count('outcome')
}

/** Records as the layers of a journal. */
export function chunksOf(
  records: readonly JournalRecord[],
): { readonly bytes: Buffer; readonly digest: string }[] {
  const chunks: { bytes: Buffer; digest: string }[] = []
  let held: Buffer[] = []
  let size = 0
  const close = () => {
    if (held.length === 0) return
    const bytes = Buffer.concat(held)
    chunks.push({ bytes, digest: digestOf(bytes) })
    held = []
    size = 0
  }
  for (const record of records) {
    const line = Buffer.from(toLine(record))
    if (size + line.length > CHUNK_BYTES) close()
    held.push(line)
    size += line.length
  }
  close()
  return chunks
}
