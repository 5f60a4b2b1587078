/**
 * Asked right before every write. Kubernetes' leader election does not promise that only one process acts as leader, so
 * whoever writes asks for itself.
 */
export interface Fence {
  /** @throws TallymanError LEADERSHIP_LOST unless the last renewal of the lease is recent enough that nobody else can hold it */
  assertLeader(): void
}

/**
 * Time limit of a fenced request: it must have ended before anybody else can lead, which is 10 s after ours stops
 * (DEFAULT_LEASE_TIMES), less what clocks and schedulers may add.
 */
export const FENCED_REQUEST_MS = 8_000
