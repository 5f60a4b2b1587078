/** What a token is asked for, in the words of the distribution token specification. */
export const pullScope = (repository: string): string => `repository:${repository}:pull`
export const pushScope = (repository: string): string => `repository:${repository}:pull,push`
/** distribution wants to see that whoever mounts a blob may pull it where it lies. */
export const mountScope = (repository: string, from: string): string =>
  `${pushScope(repository)} ${pullScope(from)}`
/** distribution asks for `delete` alone; most accounts that may delete may pull, and other products want both. */
export const deleteScope = (repository: string): string => `repository:${repository}:delete,pull`
export const CATALOG_SCOPE = 'registry:catalog:*'

/**
 * The scopes of a space-separated list in one spelling: each with its actions sorted and without repeats, the scopes
 * sorted. Servers echo `pull,push` and `push,pull` in turns, so only this form may be compared or used as a key.
 */
export function normalizeScopes(scopes: string): readonly string[] {
  return [...new Set(scopes.split(/\s+/).filter(Boolean).map(normalizeScope))].sort()
}

function normalizeScope(scope: string): string {
  const colon = scope.lastIndexOf(':')
  if (colon < 0) return scope
  const actions = scope
    .slice(colon + 1)
    .split(',')
    .filter(Boolean)
  return `${scope.slice(0, colon)}:${[...new Set(actions)].sort().join(',')}`
}
