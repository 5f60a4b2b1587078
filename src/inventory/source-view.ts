/** How it stands with one source of a cluster. */
export interface SourceView {
  /** `pods`, `deployments`, `rollouts.argoproj.io`, `secrets/apps` … */
  readonly name: string
  readonly state: 'synced' | 'listing' | 'broken' | 'forbidden' | 'not-installed'
  /** Why it is not synced, and what to do. */
  readonly message?: string | undefined
  /** Whether the cluster counts as synced without it. */
  readonly blocks: boolean
}
