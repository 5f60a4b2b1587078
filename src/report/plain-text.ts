import { jsonEscapes } from '#report/json-escapes.ts'

/** Control characters, those that change what stands around them, and those that Nagios and its web pages give a meaning. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}|<>]/gu

/** `text` on one line that Nagios, its web pages and a terminal show as it is: what they would act on is escaped as in JSON. */
export function plainText(text: string): string {
  return jsonEscapes(text, UNSAFE)
}
