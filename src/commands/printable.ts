import { jsonEscapes } from '#report/json-escapes.ts'

/** Control characters, and those that change what stands around them: a text of a cluster must not write to a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** `text` on one line: what cannot be seen is escaped as in JSON. */
export function printable(text: string): string {
  return jsonEscapes(text, UNPRINTABLE)
}
