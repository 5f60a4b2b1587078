import { InvalidArgumentError, Option } from 'commander'
import { isRepository } from '#inventory/reference.ts'

export const DEFAULT_WORKSPACE = 'tallyman'
/** As `spec.workspace.prefix` of a Registry. */
const MAX_PREFIX = 128

/** The option that says what the repositories of the workspace begin with. */
export function workspaceOption(description: string): Option {
  return new Option('--workspace <prefix>', description).argParser(prefix).default(DEFAULT_WORKSPACE)
}

function prefix(text: string): string {
  if (isRepository(text) && text.length <= MAX_PREFIX) return text
  throw new InvalidArgumentError('must be the beginning of a repository name, such as tallyman.')
}
