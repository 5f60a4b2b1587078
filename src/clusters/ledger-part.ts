import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { TallymanError } from '#catalogue/error.ts'

const compress = promisify(gzip)
const decompress = promisify(gunzip)

/** What a ConfigMap may hold is 1 MiB, base64 included; this leaves room for names and growth between two looks. */
export const PART_BUDGET_BYTES = 512 * 1024
/** No shard within the budget unpacks to more. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024

/** The key of a ConfigMap's binaryData under which a part of the ledger lies. */
export const PART_KEY = 'ledger.json.gz'

export async function packPart(text: string): Promise<Buffer> {
  return await compress(text, { level: 6 })
}

/** @throws LEDGER_UNREADABLE */
export async function unpackPart(packed: Buffer | undefined): Promise<string> {
  if (packed === undefined) throw new TallymanError('LEDGER_UNREADABLE', `A ConfigMap has no key ${PART_KEY}`)
  try {
    const bytes = await decompress(packed, { maxOutputLength: MAX_UNPACKED_BYTES })
    return bytes.toString('utf8')
  } catch (error) {
    throw new TallymanError('LEDGER_UNREADABLE', 'A ConfigMap of the ledger holds no gzip', { cause: error })
  }
}
