import { Option } from 'commander'

/** An option that may be given several times and holds all that was given; none: an empty list. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((text, before: readonly string[]) => [...before, text])
    .default([], 'none')
}
