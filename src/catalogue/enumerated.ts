const IN_ENGLISH = new Intl.ListFormat('en-GB', { type: 'conjunction' })

/** `a`, `a and b`, `a, b and c`. */
export function enumerated(names: readonly string[]): string {
  return IN_ENGLISH.format(names)
}
