import type { MutantsByFile } from './mutant.ts'

/** Whether what is known is complete, and of the clusters that are meant (S03, S05). */
export const TRUST_MUTANTS: MutantsByFile = {
  'src/inventory/trust/shrink-guard.ts': [
    {
      rule: 'S05 while the shrink guard trips the baseline stays',
      find: 'if (this.isShrunk(images, maxShrinkPercent)) return false',
      replace: '',
    },
    {
      rule: 'S05 a decline has to be slow to be followed',
      find: 'watched - since < FOLLOWS_AFTER_MS',
      replace: 'false',
    },
    {
      rule: 'S05 what shrank is noticed',
      find: 'return images < before * (1 - maxShrinkPercent / 100)',
      replace: 'return false',
    },
  ],
  'src/inventory/trust/shrink-token.ts': [
    {
      rule: 'S05 the token accepts one shrink',
      find: '[identity, baseline?.images, baseline?.watched]',
      replace: '[identity]',
    },
  ],
  'src/inventory/trust/identity.ts': [
    {
      rule: 'S05 the pinned identity',
      find: 'if (pinned !== undefined && pinned !== live)',
      replace: 'if (false)',
    },
    {
      rule: 'S05 the recorded identity',
      find: 'if (recorded !== undefined && recorded !== live && pinned === undefined)',
      replace: 'if (false)',
    },
    {
      rule: 'S05 two entries for one cluster',
      find: 'if (sameAs !== undefined && !facts.duplicateAcknowledged)',
      replace: 'if (false)',
    },
  ],
  'src/inventory/trust/verdict.ts': [
    {
      rule: 'S03 the barrier is the least of all',
      find: 'measure(value) < measure(found)',
      replace: 'false',
    },
    {
      rule: 'S03 no barrier while one cluster has none',
      find: 'if (value === undefined) return undefined',
      replace: 'if (value === undefined) continue',
    },
    { rule: 'S05 a distrust', find: 'trusted: synced && distrusts.length === 0', replace: 'trusted: synced' },
    {
      rule: 'S05 an unsynced inventory is not trusted',
      find: 'trusted: synced && distrusts',
      replace: 'trusted: distrusts',
    },
    {
      rule: 'S05 a cluster that is not required and there is distrusted like any other',
      find: 'required || why === undefined',
      replace: 'required',
    },
    {
      rule: 'S05 an inventory of nothing is not synced',
      find: "if (clusters.length === 0) notSynced.push('No cluster is watched')",
      replace: '',
    },
  ],
  'src/inventory/watched-cluster.ts': [
    { rule: 'S05 IdentityUnverified', find: 'if (!this.isVerified) {', replace: 'if (false) {' },
    {
      rule: 'S05 whoever answers after a restarted watch has to say who it is',
      find: ' && this.#identity.askedAt >= this.#restartedAt',
      replace: '',
    },
    { rule: 'S05 BelowFloor', find: 'if (images < floor) {', replace: 'if (false) {' },
    { rule: 'S05 Shrunk', find: 'if (this.shrinkToken !== undefined) {', replace: 'if (false) {' },
    { rule: 'S02 ClockSkew', find: 'if (skewMs > LARGEST_SKEW_MS) {', replace: 'if (false) {' },
    {
      rule: 'S02 a clock that is behind',
      find: 'Math.abs(this.timeIn(now) - now.wall)',
      replace: 'this.timeIn(now) - now.wall',
    },
    {
      rule: 'S05 a cluster in question is not synced',
      find: 'if (this.#identityProblem !== undefined) return this.#identityProblem.message',
      replace: '',
    },
    {
      rule: 'S05 a cluster in question is not trusted',
      find: 'if (this.#identityProblem !== undefined) return [this.#identityProblem]',
      replace: '',
    },
    {
      rule: 'S05 a source that blocks',
      find: "({ state, blocks }) => blocks && state !== 'synced'",
      replace: '() => false',
    },
    {
      rule: 'S03 a cluster of which nothing was listed is not synced',
      find: 'this.#sources.length > 0 && ',
      replace: '',
    },
    {
      rule: 'S03 the barrier ends with the connection',
      find: 'this.#barrier = undefined',
      replace: '',
    },
    {
      rule: 'S05 the identity ends with the connection',
      find: 'this.#identity = undefined',
      replace: '',
    },
    {
      rule: 'S02 finishes are dated by the clock of the cluster',
      find: 'this.#clock === undefined ? now.wall : this.#clock.serverTime + (now.monotonic - this.#clock.at)',
      replace: 'now.wall',
    },
    {
      rule: 'S02 a cluster that is no longer watched does not age',
      find: 'this.#memory?.watched.tick(false, now)',
      replace: '',
    },
    {
      rule: 'S05 what a cluster used last is remembered when it is detached',
      find: 'if (this.#memory !== undefined) this.#see(this.uses.seenNow(), this.#memory, now)',
      replace: '',
    },
    {
      rule: 'S02 time counts only while synced',
      find: 'const watched = this.synced && this.isVerified',
      replace: 'const watched = this.isVerified',
    },
    {
      rule: 'S02 time counts only while verified',
      find: 'const watched = this.synced && this.isVerified',
      replace: 'const watched = this.synced',
    },
    {
      rule: 'S02 what is used is noted again and again',
      find: 'this.#see(this.uses.seenNow(this.#part, PARTS), memory, now)',
      replace: '',
    },
    {
      rule: 'S02 what is used now never leaves',
      find: '(image) => this.uses.has(image)',
      replace: '() => false',
    },
    {
      rule: 'S06 a memory is told everything before it lets anything go',
      find: 'this.#part = 0\n    this.#partsDue = PARTS',
      replace: 'this.#partsDue = PARTS',
    },
  ],
  'src/inventory/inventory.ts': [
    {
      rule: 'S02 a lost part of the memory restarts coverage',
      find: 'if (!complete) memory.watched.restartCoverage()',
      replace: '',
    },
    {
      rule: 'S02 a frozen cluster does not age',
      find: 'cluster.tick(now, this.#policy.retainMs, most)',
      replace: `cluster.tick(now, this.#policy.retainMs, most)
    for (const memory of this.frozen) {
      memory.watched.tick(true, now)
      memory.expire(this.#policy.retainMs, () => false)
    }`,
    },
    {
      rule: 'S05 what a cluster used last is remembered when it leaves',
      find: 'cluster.detach(now)',
      replace: '',
    },
    {
      rule: 'S05 a cluster that has not said who it is yet cannot be released',
      find: ' && ![...memory.entries].some((name) => unknown.has(name))',
      replace: '',
    },
    {
      rule: 'S02 what is known and what is loaded unite',
      find: 'if (stored !== undefined) stored.unite(memory, now)',
      replace: 'if (stored !== undefined) continue',
    },
    {
      rule: 'S02 what is known is not taken for released where the ledger is lost',
      find: 'keepsAll || watched.has(identity)',
      replace: 'watched.has(identity)',
    },
    {
      rule: 'S02 what was seen before the memory is loaded is kept',
      find: 'for (const cluster of this.#clusters.values()) cluster.judged(now, undefined)',
      replace: '',
    },
    {
      rule: 'S05 the identity is recorded under the name of the entry',
      find: 'recorded: this.#recordedFor(cluster.name)?.identity',
      replace: 'recorded: undefined',
    },
    {
      rule: 'S05 what was seen is remembered before the cluster is judged',
      find: "// What was seen up to now is the memory's that it had up to now.\n      cluster.remember(now)",
      replace: '',
    },
    {
      rule: 'S05 a cluster in question is not adopted',
      find: 'if (problem !== undefined || sameAs !== undefined)',
      replace: 'if (sameAs !== undefined)',
    },
    {
      rule: 'S05 only what is frozen can be released',
      find: 'for (const memory of this.frozen) {',
      replace: 'for (const memory of this.memories) {',
    },
    {
      rule: 'S02 nothing is remembered elsewhere before the memory is loaded',
      find: "if (this.#memoryState !== 'loaded') return undefined",
      replace: '',
    },
  ],
  'src/inventory/inventory-snapshot.ts': [
    { rule: 'S02 LedgerNotLoaded', find: "if (memoryState === 'unloaded') {", replace: 'if (false) {' },
    { rule: 'S07 PinsUnreadable', find: 'if (pinProblems.length > 0) ', replace: 'if (false) ' },
    {
      rule: 'S05 what frozen clusters used last counts',
      find: 'const past = remembered(inventory.memories, this.#remembered, referencesIn(uses))',
      replace: `const past = remembered(
      inventory.clusters.flatMap(({ memory }) => memory ?? []),
      this.#remembered,
      referencesIn(uses),
    )`,
    },
    { rule: 'S03 a snapshot holds what is used now', find: 'before.uses === uses &&', replace: '' },
    {
      rule: 'S02 what went before it was remembered counts',
      find: 'inventory.rememberGone(parts.now)',
      replace: '',
    },
    {
      rule: 'S02 a snapshot holds what is remembered now',
      find: 'before.remembered === past &&',
      replace: '',
    },
    {
      rule: 'S07 a snapshot holds the pins of now',
      find: 'before.snapshot.pins === parts.pins &&',
      replace: '',
    },
    { rule: 'S05 a snapshot holds the verdict of now', find: 'before.mark === mark', replace: 'true' },
  ],
  'src/inventory/image-uses.ts': [
    {
      rule: 'S03 what changed is put together again',
      find: 'for (const image of uses[since](before.marks[i]?.version ?? 0)) changed.add(image)',
      replace: '',
    },
    {
      rule: 'S30 what moved between two steps is put together again',
      find: "inSteps(clusters, rough, 'imagesMovedSince',",
      replace: "inSteps(clusters, rough, 'imagesChangedSince',",
    },
    {
      rule: 'S30 an id that means another image between two steps takes no other out',
      find: 'while ((renewed[next]?.image ?? image) < image) next += 1',
      replace: '',
    },
  ],
  'src/inventory/usage-table.ts': [
    {
      rule: 'S03 a list that broke off drops nothing',
      find: 'if (isOpen()) this.#replacement = undefined',
      replace: 'if (isOpen()) this.#sweep()',
    },
    {
      rule: 'S03 what a list names stays',
      find: 'this.#flags[row] = SEEN | held',
      replace: 'this.#flags[row] = held',
    },
    {
      rule: 'S03 a list that was begun anew drops nothing',
      find: 'const isOpen = () => this.#replacement === token',
      replace: 'const isOpen = () => true',
    },
  ],
}
