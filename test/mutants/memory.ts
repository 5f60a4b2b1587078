import type { MutantsByFile } from './mutant.ts'

/** What is remembered of use, and for how long (S02). */
export const MEMORY_MUTANTS: MutantsByFile = {
  'src/inventory/ledger/watched-time.ts': [
    {
      rule: 'S02 a gap of more than ten minutes restarts coverage',
      find: 'if (this.#awayMs > LONGEST_GAP_MS) this.#coveredMs = 0',
      replace: '',
    },
    { rule: 'S02 time counts only while synced', find: 'if (last.synced) {', replace: 'if (true) {' },
    {
      rule: 'S02 the time between two processes is a gap',
      find: 'this.#awayMs = Math.abs(now.wall - this.#watchedUntil)',
      replace: 'this.#awayMs = 0',
    },
    {
      rule: 'S02 a wall clock that is behind the record is a gap',
      find: 'Math.abs(now.wall - this.#watchedUntil)',
      replace: 'now.wall - this.#watchedUntil',
    },
    {
      rule: 'S02 a jump of the wall clock is a gap',
      find: 'this.#awayMs += jumped > LONGEST_GAP_MS ? jumped : 0',
      replace: '',
    },
    {
      rule: 'S02 what is lost restarts coverage',
      find: 'restartCoverage(): void {\n    this.#coveredMs = 0',
      replace: 'restartCoverage(): void {',
    },
  ],
  'src/inventory/ledger/ledger.ts': [
    { rule: 'S02 three hours of lateness', find: 'retainMs + LATE_MS', replace: 'retainMs' },
    {
      rule: 'S02 what is used now never leaves',
      find: ' && !isLive(entry.image)',
      replace: '',
    },
    {
      rule: 'S06 earlier digests of an image are kept',
      find: 'const all = new Map(known.map((seen) => [seen.digest, seen]))',
      replace: 'const all = new Map<string, SeenDigest>()',
    },
    {
      rule: 'S06 each digest has its own age',
      find: 'time.watched - leastNoted(known, sight)',
      replace: 'time.watched - known.watched',
    },
    {
      rule: 'S02 what is back in use is written soon',
      find: ' || notedAgo >= BACK_AFTER_MS',
      replace: '',
    },
    {
      rule: 'S06 a new digest is written soon',
      find: ' || digests.length > known.digests.length',
      replace: '',
    },
    {
      rule: 'S02 an older sight takes nothing back',
      find: 'Math.max(known?.watched ?? time.watched, time.watched)',
      replace: 'time.watched',
    },
    {
      rule: 'S02 of two ledgers the later sight holds',
      find: 'Math.max(known?.watched ?? 0, entry.watched + ahead)',
      replace: 'entry.watched + ahead',
    },
    {
      rule: 'S02 two ledgers measure with different watched times',
      find: 'seen.watched + ahead',
      replace: 'seen.watched',
    },
    {
      rule: 'S06 the digests of both ledgers are kept',
      find: 'new Map(known?.digests.map((seen) => [seen.digest, seen]))',
      replace: 'new Map<string, SeenDigest>()',
    },
    {
      rule: 'S02 a first sight shows in the next snapshot',
      find: 'if (first) this.#changes += 1\n    else if (notedAgo < FRESH_MS) return undefined',
      replace: 'if (!first && notedAgo < FRESH_MS) return undefined',
    },
  ],
  'src/inventory/ledger/document.ts': [
    {
      rule: 'S02 a shard in the place of another is not read',
      find: 'if (identity !== place.identity || shard !== place.shard || of !== place.of) {',
      replace: 'if (false) {',
    },
    {
      rule: 'S02 a head of another version is not guessed at',
      find: 'const Head = z.object({\n  version: z.literal(VERSION)',
      replace: 'const Head = z.object({\n  version: z.number()',
    },
    {
      rule: 'S05 the baseline of the shrink guard survives a restart',
      find: '...(baseline === undefined ? {} : { baseline }),',
      replace: '',
    },
  ],
  'src/inventory/ledger/shards.ts': [
    {
      rule: 'S02 every shard in which something changed is written',
      find: 'if (changed.size === shards) break',
      replace: 'break',
    },
  ],
  'src/inventory/ledger/save-schedule.ts': [
    {
      rule: 'S02 a first sight is written within ten seconds',
      find: 'if (isUrgent || now',
      replace: 'if (now',
    },
    {
      rule: 'S02 the head is written every five minutes',
      find: ' || now - this.#headSavedAt >= HEAD_EVERY_MS',
      replace: '',
    },
    {
      rule: 'S05 which cluster a name stands for is written at once',
      find: 'return isOther || now',
      replace: 'return now',
    },
    {
      rule: 'S02 refreshed sights are written every hour',
      find: ' || now - this.#entriesSavedAt >= ENTRIES_EVERY_MS',
      replace: '',
    },
  ],
  'src/inventory/cluster-memory.ts': [
    {
      rule: 'S02 a first sight asks to be written',
      find: "if (news === 'first') this.#firstUnsavedAt ??= now.monotonic",
      replace: '',
    },
    {
      rule: 'S02 what changed is written',
      find: 'this.#unsaved.add(sight.image)',
      replace: '',
    },
    {
      rule: 'S02 what could not be saved is tried again',
      find: 'for (const image of images) this.#unsaved.add(image)',
      replace: '',
    },
  ],
  'src/inventory/cluster-uses.ts': [
    {
      rule: 'S02 a pod that finished does not date what another one still uses',
      find: 'if (isUsedElse[image] === 0) latest.set(',
      replace: 'latest.set(',
    },
  ],
  'src/inventory/seen-images.ts': [
    {
      rule: 'S02 only what nothing but finished pods use is dated at a finish',
      find: 'if (!row.finished) seen.finishedOnly = false',
      replace: '',
    },
  ],
  'src/inventory/remembered.ts': [
    {
      rule: 'S02 what is remembered follows its ledger',
      find: ' && part.changes === ledger.changes',
      replace: '',
    },
  ],
  'src/inventory/seen-journal.ts': [
    {
      rule: 'S02 what is gone before anybody looked is remembered',
      find: 'this.#seen.add(read(id))',
      replace: '',
    },
  ],
  'src/inventory/pod-row.ts': [
    {
      rule: 'S02 a finish before there was Kubernetes counts as running',
      find: 'finishedAt >= EARLIEST_FINISH_MS && ',
      replace: '',
    },
    {
      rule: 'S02 a finish in the future counts as running',
      find: ' && finishedAt <= now',
      replace: '',
    },
    {
      rule: 'S07 image volumes are used',
      find: ', ...pod.volumeImages.map(volumeUse)',
      replace: '',
    },
  ],
}
