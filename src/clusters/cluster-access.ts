import type { ClusterConnection } from '#kube/connection.ts'

/** How a cluster of an inventory is reached. */
export type ClusterAccess =
  /** Over a connection that somebody else closes. */
  | { readonly kind: 'connection'; readonly connection: ClusterConnection }
  /** By the text of a kubeconfig from a Secret. */
  | { readonly kind: 'kubeconfig'; readonly text: string; readonly context?: string | undefined }
  /** Not at all, and why. */
  | { readonly kind: 'none'; readonly problem: string }

/** Whether a cluster is reached in the same way, with the same credentials. */
export function isSameAccess(a: ClusterAccess, b: ClusterAccess): boolean {
  switch (a.kind) {
    case 'connection':
      return b.kind === 'connection' && a.connection === b.connection
    case 'kubeconfig':
      return b.kind === 'kubeconfig' && a.text === b.text && a.context === b.context
    case 'none':
      return b.kind === 'none' && a.problem === b.problem
  }
}
