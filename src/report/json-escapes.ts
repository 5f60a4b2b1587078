/** `text` with all that `unwanted` finds escaped as in JSON, in UTF-16 units. @param unwanted finds all: flag `g` */
export function jsonEscapes(text: string, unwanted: RegExp): string {
  return text.replace(unwanted, (character) =>
    [...Array(character.length).keys()]
      .map((unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
