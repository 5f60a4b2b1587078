import type { FaultProxy } from '../fault-proxy.ts'
import type { RequestMatch } from './match.ts'

export interface KillOptions {
  /** Which requests are counted, from now on. Default: all. */
  readonly match?: Omit<RequestMatch, 'nth' | 'from'>
  /**
   * `before` (default): the n-th request never reaches the upstream. `answered`: the upstream has carried it out, and
   * the process dies before it learns of it.
   */
  readonly when?: 'before' | 'answered'
}

/** SIGKILLs a process at its n-th request through the proxy (from 1). The returned function calls it off. */
export function killAtRequest(
  proxy: FaultProxy,
  n: number,
  pid: number | (() => number),
  { match = {}, when = 'before' }: KillOptions = {},
): () => void {
  const onStrike = () => {
    process.kill(typeof pid === 'number' ? pid : pid(), 'SIGKILL')
  }
  const limits = { times: 1, onStrike }
  const nth = { ...match, nth: n }
  return when === 'before'
    ? proxy.rule({ kind: 'cut', at: 'request', ...limits }, nth)
    : proxy.rule({ kind: 'drop', ...limits }, nth)
}
