import type { SourceView } from '#inventory/source-view.ts'

/** How it stands with a cluster that is read; a WatchedCluster is one. */
export interface ReadCluster {
  readonly sources: readonly SourceView[]
  /** Another context reaches the same cluster, and is read. */
  readonly sameAs: string | undefined
  /** undefined: all of it is read. */
  readonly notSynced: string | undefined
}

/**
 * Why a cluster will not be read, and what to do about it; undefined: it is, or waiting may be enough.
 * @param lateAfterMs the time that it had, when that is over
 * @param timeoutOption the option that sets it
 */
export function unreadable(
  cluster: ReadCluster,
  lateAfterMs: number | undefined,
  timeoutOption = '--timeout',
): string | undefined {
  const { sources, sameAs, notSynced } = cluster
  if (sameAs !== undefined || notSynced === undefined) return undefined
  const named = (state: SourceView['state']) =>
    sources
      .filter((source) => source.blocks && source.state === state)
      .map(({ name }) => name)
      .join(', ')
  const forbidden = named('forbidden')
  if (forbidden !== '') {
    return `Its user may not list and watch ${forbidden} in all namespaces. Grant it, or ask for less with --sources.`
  }
  const absent = named('not-installed')
  if (absent !== '') return `It has no ${absent}. Is it a Kubernetes cluster?`
  if (lateAfterMs === undefined) return undefined
  return `It was not read within ${lateAfterMs} ms: ${notSynced}. Allow more with ${timeoutOption}.`
}
