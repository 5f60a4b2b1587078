import type { MutantsByFile } from './mutant.ts'

const KEEPER = ['src/clusters/ledger-keeper.test.ts']
const SOURCE_WATCH = ['src/clusters/source-watch.test.ts']
const BARRIER = ['src/kube/barrier.test.ts']

/**
 * What is watched in a cluster, and whether that is all of it (S03, S05, S07). The tests beside some of these files start an API server: of
 * them only the most important.
 */
export const WATCHING_MUTANTS: MutantsByFile = {
  'src/clusters/live-inventory.ts': [
    {
      rule: 'S44 a watch that ends does not tell who waits for it to stop',
      find: "if (!hasCode(error, 'CANCELLED') || signal.aborted) throw error",
      replace: 'throw error',
      tests: ['src/clusters/cluster-link.test.ts'],
    },
  ],
  'src/kube/list-collector.ts': [
    {
      rule: 'S03 a list that broke off drops nothing',
      find: 'this.#session.abort()',
      replace: 'this.#session.commit()',
    },
    {
      rule: 'S03 what comes after a deletion waits for it',
      find: "event.type === 'DELETED' || this.#waiting.length > 0",
      replace: "event.type === 'DELETED'",
    },
    {
      rule: 'S03 what changed while a list came is held',
      find: 'else this.#sink.upsert(item)',
      replace: '',
    },
  ],
  'src/kube/reflector-state.ts': [
    {
      rule: 'S03 a version that has expired is listed anew',
      find: 'return list(known, known.resourceVersion)',
      replace: 'return watchFrom(known)',
    },
    {
      rule: 'S03 a stream that ends before its bookmark is no list',
      find: "if (attempt.kind === 'watch-list' && !listed) return 'broken'",
      replace: '',
    },
    {
      rule: 'S03 a kind that was gone is listed from scratch',
      find: "case 'not-found':\n      return list(known, '')",
      replace: "case 'not-found':\n      return watchFrom(known)",
    },
    {
      rule: 'S03 a version that only fails is given up',
      find: "known.doubts > MAX_DOUBTS ? list(known, '') : watchFrom(known)",
      replace: 'watchFrom(known)',
    },
  ],
  'src/kube/resource-version.ts': [
    {
      rule: 'S03 versions without an order prove nothing',
      find: 'order !== undefined && order >= 0',
      replace: 'order === undefined || order >= 0',
    },
    {
      rule: 'S03 versions are numbers of any length',
      find: 'if (a.length !== b.length) return a.length - b.length',
      replace: '',
    },
  ],
  'src/kube/liveness.ts': [
    {
      rule: 'S03 a watch without a sign of life is not synced',
      find: ' && now - this.#heardAt <= SYNC_GRACE_MS',
      replace: '',
    },
    {
      rule: 'S03 a server that is not reached is not synced',
      find: ' && now - this.#lostAt <= UNREACHABLE_GRACE_MS',
      replace: '',
    },
    {
      rule: 'S03 without a complete list nothing is synced',
      find: 'this.#hasList && now',
      replace: 'now',
    },
  ],
  'src/kube/reflector.ts': [
    {
      rule: 'S03 whose history went back is not synced',
      find: "this.#liveness.startOver()\n    this.#state = { ...this.#state, resourceVersion: '' }",
      replace: "this.#state = { ...this.#state, resourceVersion: '' }",
      tests: BARRIER,
    },
  ],
  'src/kube/barrier.ts': [
    { rule: 'S03 what is behind is waited for', find: 'if (order < 0) await', replace: 'if (false) await' },
    { rule: 'S27 a history that went back is noticed', find: 'if (order > 0) {', replace: 'if (false) {' },
    {
      rule: 'S03 versions without an order prove nothing',
      find: 'if (order === undefined) throw',
      replace: 'if (false) throw',
    },
    {
      rule: 'S29 the cluster has to count as many objects',
      find: 'if (objects === undefined || (held.least <= objects && objects <= held.most)) return time',
      replace: 'return time',
    },
    {
      rule: 'S29 where counts differ everything is listed anew',
      find: 'if (miscounts === MISCOUNTS) {\n        reflector.startOver()',
      replace: 'if (miscounts === MISCOUNTS) {',
    },
  ],
  'src/kube/version-probe.ts': [
    {
      rule: 'S03 what a probe saw has to be applied',
      find: "if (type !== 'BOOKMARK' && order <= 0) last = resourceVersion",
      replace: '',
      tests: BARRIER,
    },
    {
      rule: 'S03 a probe has to see the version that it looks for',
      find: 'isComplete = order >= 0',
      replace: 'isComplete = true',
      tests: BARRIER,
    },
  ],
  'src/kube/access-review.ts': [
    {
      rule: 'S05 what is not granted may not be read',
      find: 'isAllowed: status.allowed === true',
      replace: 'isAllowed: true',
    },
  ],
  'src/clusters/identity-inquiry.ts': [
    {
      rule: 'S05 a cluster is asked again without cause',
      find: 'jittered(EVERY_MS, 0.1)',
      replace: 'jittered(3_600_000, 0.1)',
    },
    { rule: 'S05 a cluster is asked soon after cause', find: 'this.#cause.abort()', replace: '' },
    {
      rule: 'S05 a cluster is asked again where there was cause meanwhile',
      find: 'this.#cause = new AbortController()\n      failures = (await this.#ask()) ? 0 : failures + 1',
      replace: 'failures = (await this.#ask()) ? 0 : failures + 1\n      this.#cause = new AbortController()',
    },
  ],
  'src/clusters/pod-source.ts': [
    {
      rule: 'S02 a finished pod counts for a time',
      find: 'if (now - finishedAt > this.#retainMs)',
      replace: 'if (object.finishedAt !== undefined)',
    },
    {
      rule: 'S02 a sweep takes only what finished long ago',
      find: 'this.#clock.now() - this.#retainMs',
      replace: 'this.#clock.now()',
    },
    {
      rule: 'S07 what the annotation of a pod names is kept',
      find: "const kept = keptBy(pod, 'Pod')",
      replace: 'const kept = undefined as ReturnType<typeof keptBy>',
    },
  ],
  'src/clusters/node-source.ts': [
    { rule: 'S07 what nodes cache is used', find: 'images: named.map(cachedImage)', replace: 'images: []' },
  ],
  'src/clusters/source-watch.ts': [
    {
      rule: 'S05 what may not be read is not synced',
      find: 'if (this.#denied !== undefined) return',
      replace: 'if (false) return',
    },
    {
      rule: 'S05 whether it may be read is asked again and again',
      find: 'await this.#review(signal)',
      replace: 'if (!this.#reviewed) await this.#review(signal)',
    },
  ],
  'src/clusters/discovered-source.ts': [
    {
      rule: 'S07 a kind that is not installed is not synced',
      find: "? 'not-installed' : 'listing'",
      replace: "? 'synced' : 'listing'",
      tests: SOURCE_WATCH,
    },
  ],
  'src/clusters/cluster-watch.ts': [
    {
      rule: 'S03 each source has to reach the barrier',
      find: 'await Promise.all(counted.map((source) => source.barrier(signal, timeoutMs)))',
      replace: '',
      tests: SOURCE_WATCH,
    },
  ],
  'src/clusters/cluster-link.ts': [
    {
      rule: 'S05 a watch that was opened again may be of another cluster',
      find: 'this.#options.cluster.restarted(this.#now())',
      replace: '',
      tests: SOURCE_WATCH,
    },
    {
      rule: 'S05 only the cluster that is meant is watched',
      find: ' && cluster.identityProblem === undefined',
      replace: '',
    },
    {
      rule: 'S05 at a barrier the cluster says who it is',
      find: 'if (!(await this.#ask(signal, leftMs)) || cluster.isVerified) break',
      replace: 'break',
    },
  ],
  'src/clusters/cluster-sources.ts': [
    {
      rule: 'S07 what a rollback would pull is used',
      find: "if (kind === 'ReplicaSet') choices.push(['history', rolloutHistory])",
      replace: '',
    },
    {
      rule: 'S07 what a custom kind names is used',
      find: 'images: images.map(named)',
      replace: 'images: []',
    },
  ],
  'src/clusters/ledger-store.ts': [
    {
      rule: 'S02 that a part of the ledger is lost is noticed',
      find: 'complete: lost.length === 0',
      replace: 'complete: true',
    },
    {
      rule: 'S02 that something was lost is told before its place is whole again',
      find: 'if (this.#torn.size > 0) await',
      replace: 'if (false) await',
      tests: ['src/clusters/ledger-store.test.ts'],
    },
    {
      rule: 'S02 a part that was deleted is written anew',
      find: 'for (const { identity } of memories) this.#torn.add(identity)',
      replace: '',
    },
  ],
  'src/clusters/ledger-parts.ts': [
    {
      rule: 'S02 two leaders never write over each other',
      find: '...(resourceVersion === undefined ? {} : { resourceVersion })',
      replace: '',
      tests: ['src/clusters/ledger-store.test.ts'],
    },
  ],
  'src/clusters/ledger-keeper.ts': [
    {
      rule: 'S02 a ledger of which a part is lost is another one',
      find: 'this.#originOf(complete ? origin : undefined,',
      replace: 'this.#originOf(origin,',
      tests: KEEPER,
    },
    {
      rule: 'S02 what somebody else wrote is read before it is written over',
      find: 'if (this.#isOutdated) await this.#loadNow(signal)',
      replace: '',
      tests: KEEPER,
    },
    {
      rule: 'S02 every process finds the ledger that was begun',
      find: 'await store.save(memories, changed, origin, signal)',
      replace: 'await store.save(memories, changed, this.#begun(), signal)',
      tests: KEEPER,
    },
    {
      rule: 'S02 what was seen last is written at the end',
      find: 'inventory.tick(this.#now())\n    const',
      replace: 'const',
    },
    {
      rule: 'S02 who does not lead has no ledger',
      find: 'inventory.unload(this.#now())',
      replace: '',
    },
  ],
}
