import { Option } from 'commander'

/** An option that may be repeated, each time with something to parse. @param parse throws InvalidArgumentError */
export function repeatedRule<Rule>(
  flags: string,
  description: string,
  parse: (text: string) => Rule,
): Option {
  return new Option(flags, `${description}; may be repeated`)
    .argParser((text, before: readonly Rule[]) => [...before, parse(text)])
    .default([], 'none')
}

/** `NAME=VALUE`; no name or pattern of such an option holds a `=`. */
export function splitRule(text: string): { readonly name: string; readonly value: string } {
  const [name = '', ...value] = text.split('=')
  return { name, value: value.join('=') }
}
