/**
 * Asked right before every write. Kubernetes' leader election does not promise that only one process acts as leader, so
 * whoever writes asks for itself.
 */
export interface Fence {
  /** @throws TallymanError LEADERSHIP_LOST unless the last renewal of the lease is recent enough that nobody else can hold it */
  assertLeader(): void
  /** Time limit of a request that assertLeader() let through, ms: with it, it has ended before anybody else can lead. */
  readonly requestTimeoutMs: number
}
