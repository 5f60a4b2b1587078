import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '#time/duration.ts'

/** An option that takes a duration such as `15s` and holds it in milliseconds; nothing at all (`0s`) is refused. */
export function durationOption(flag: string, description: string, preset: string): Option {
  return new Option(`${flag} <duration>`, description).argParser(duration).default(duration(preset), preset)
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0) throw new InvalidArgumentError('must be a duration such as 15s or 2m.')
  return ms
}
