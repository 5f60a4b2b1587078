/** Control characters, those that change what stands around them, and those that Nagios and its web pages give a meaning. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}|<>]/gu

/** `text` on one line that Nagios, its web pages and a terminal show as it is: what they would act on is escaped as in JSON. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, (character) =>
    [...Array(character.length).keys()]
      .map((unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
