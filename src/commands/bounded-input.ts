import { TallymanError } from '#catalogue/error.ts'

/** All of a stream as text. @throws LOCAL_FILE_INVALID where it is longer than `mostBytes`; whatever reading throws */
export async function readBounded(
  stream: AsyncIterable<string | Uint8Array>,
  mostBytes: number,
  what: string,
): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > mostBytes)
      throw new TallymanError('LOCAL_FILE_INVALID', `${what} is longer than ${mostBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
