import type { MutantsByFile } from './mutant.ts'

const UNTAG = ['src/evict/untag.test.ts']
const METHOD = ['src/evict/untag-method.test.ts']
const SWEEP = ['src/evict/sweep.test.ts']
const OTHERS = ['src/evict/sweep-others.test.ts']
const NEEDED = ['src/evict/sweep-needed.test.ts']
const SETTLE = ['src/evict/settle.test.ts']
const EXECUTION = ['src/evict/execution.test.ts']
const EXECUTION_SAMPLE = ['src/evict/execution-sample.test.ts']
const LAST_LOOK = ['src/evict/last-look.test.ts']
const SAMPLE = ['src/evict/sample.test.ts']
const SAMPLE_RECORD = ['src/evict/sample-record.test.ts']
const COPIES = ['src/evict/trash-run.test.ts']
const USAGE = ['src/controllers/fresh-usage.test.ts']
const GUARD = ['src/controllers/deletion-guard.test.ts']
const DELETIONS = ['src/registry/deletions.test.ts']
const ANCHOR = ['src/evict/anchor.test.ts']

/** What is looked at before something goes, and what is put back (S03, S10, S15-S17). */
export const DELETING_MUTANTS: MutantsByFile = {
  'src/registry/wire.ts': [
    {
      rule: 'S16 what was sent is not aborted',
      find: "hop.limit.kind === 'destructive' ? undefined : hop.signal",
      replace: 'hop.signal',
      tests: DELETIONS,
    },
  ],
  'src/registry/pool.ts': [
    {
      rule: 'S16 a DELETE has no time limit',
      find: 'ms: Number.POSITIVE_INFINITY',
      replace: 'ms: timeouts.answerMs',
      tests: DELETIONS,
    },
  ],
  'src/registry/transport.ts': [
    {
      rule: 'S16 what takes something away counts for the requests of a second',
      find: 'const turn = limiter.acquire(call.lane, call.signal)',
      replace:
        "const turn = call.kind === 'destructive' ? undefined : limiter.acquire(call.lane, call.signal)",
      tests: EXECUTION,
    },
  ],
  'src/registry/retry.ts': [
    {
      rule: 'S22 a connection that breaks does not take the place of what was answered',
      find: 'this.#failures[outcome.kind] >= TRIES',
      replace: 'before + 1 >= TRIES',
    },
    {
      rule: 'S16 a 503 does not bring a DELETE again',
      find: "return this.#rule === 'once' && status !== 429",
      replace: 'return false',
    },
  ],
  'src/registry/destructive.ts': [
    {
      rule: 'S16 nothing is sent without the consent of the guard',
      find: 'await guard(signal)',
      replace: '',
      tests: DELETIONS,
    },
    {
      rule: 'S03 a consent does not last',
      find: 'if (ageOf(consented, clock) > CONSENT_MS) throw overdue',
      replace: '',
      tests: DELETIONS,
    },
  ],
  'src/registry/pagination.ts': [
    {
      rule: 'S15 a page that a product has cut by itself is not the whole list',
      find: 'if (last === undefined || count > PAGE_SIZE || count % ROUND !== 0) return undefined',
      replace: 'if (last !== undefined) return undefined',
    },
    {
      rule: 'S15 what follows such a page may have to be asked for page by page',
      find: 'pageSize = PAGE_SIZE\n      next = afterAll(end)',
      replace: 'next = afterAll(end)',
    },
  ],
  'src/registry/client.ts': [
    {
      rule: 'S16 one DELETE at a time in a repository',
      find: 'this.#deletions.take(name, () =>',
      replace: 'this.#deletions.take(name + Math.random(), () =>',
      tests: DELETIONS,
    },
    {
      rule: 'S16 whoever closes waits for what was sent',
      find: 'await this.#deletions.rest()',
      replace: '',
      tests: DELETIONS,
    },
  ],
  'src/evict/take-away.ts': [
    {
      rule: 'S03 the guard is asked before each request',
      find: 'await hands.guard(signal)\n    const asked',
      replace: 'const asked',
      tests: UNTAG,
    },
    {
      rule: 'S03 the guard is asked again after a look that took long',
      find: 'ageOf(asked, hands.clock) > LOOK_MS',
      replace: 'askedAt < 0',
      tests: ['src/evict/take-away.test.ts'],
    },
    {
      rule: 'S04 what came into use is spared',
      find: 'if (obstacle === undefined && !candidates.every(hands.stillDoomed))',
      replace: 'if (obstacle === undefined && candidates.length < 0)',
      tests: UNTAG,
    },
    {
      rule: 'S10 a tag that was moved is left',
      find: 'obstacle = await stands()',
      replace: 'await stands()',
      tests: UNTAG,
    },
    {
      rule: 'S10 nothing is sent where something is in the way',
      find: 'if (obstacle !== undefined) throw new',
      replace: 'if (false) throw new',
      tests: UNTAG,
    },
  ],
  'src/evict/repository-task.ts': [
    {
      rule: 'S04 a tag is watched as soon as it is gone',
      find: ', this.#method, (binding) => this.#untagged(binding))',
      replace: ', this.#method)',
      tests: EXECUTION,
    },
    {
      rule: 'S04 a tag is watched as soon as it is gone with its digest',
      find: '{ may, withTags, gone })',
      replace: '{ may, withTags })',
      tests: EXECUTION,
    },
    {
      rule: 'S16 what other runs have left open comes first',
      find: 'await this.#settleOthers()',
      replace: '',
      tests: EXECUTION,
    },
    {
      rule: 'S15 a listing that lacks a tag blocks',
      find: 'await assertListed(hands, await listTags(hands), this.#eviction.tags.keys())',
      replace: '',
      tests: EXECUTION,
    },
    {
      rule: 'S18 a copy has to be old enough',
      find: 'clock.now() - gcWindowMs',
      replace: 'clock.now()',
      tests: COPIES,
    },
    {
      rule: 'S18 what waits for its copy keeps its tag',
      find: 'this.#isReady(it) || !this.#goesWithDigest(it)',
      replace: 'true',
      tests: COPIES,
    },
    {
      rule: 'S18 what waits for its copy, or has none, is not swept',
      find: '{ may, withTags, gone }',
      replace: '{ withTags, gone }',
      tests: COPIES,
    },
    {
      rule: 'S18 what is damaged stays',
      find: "(outcome === 'unrestorable' && evictDamaged)",
      replace: "outcome === 'unrestorable'",
      tests: COPIES,
    },
  ],
  'src/evict/execution.ts': [
    {
      rule: 'S20 all tags go before the first manifest does',
      find: '(task) => task.untag())',
      replace: 'async (task) => {\n      await task.untag()\n      await task.sweep()\n    })',
      tests: EXECUTION,
    },
    {
      rule: 'S15 what stays is looked at afterwards',
      find: 'if (harm !== undefined) throw harm',
      replace: '',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S44 what stays is looked at whatever stops a run',
      find: 'if (!this.#isLeftToOthers(stoppedBy))',
      replace: 'if (stoppedBy === undefined)',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S44 what tells others to stop does not keep a run from looking',
      find: "this.#signal.aborted || stoppedBy?.code === 'LEADERSHIP_LOST'",
      replace: "this.#signal.aborted || ['LEADERSHIP_LOST', 'CANCELLED'].includes(stoppedBy?.code ?? '')",
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S44 that a sample could not be looked at is told',
      find: 'if (!told.has(error.code))',
      replace: 'if (told.size === 0)',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S44 where a run is over, what no call has come to is looked at, too',
      find: 'task.isBegun || isOver()',
      replace: 'task.isBegun',
      tests: EXECUTION_SAMPLE,
    },
  ],
  'src/evict/verify.ts': [
    {
      rule: 'S38 what is brought back meanwhile is looked at, too',
      find: '...(await returnedSince(place, before.at)),',
      replace: '',
      tests: EXECUTION_SAMPLE,
    },
  ],
  'src/evict/last-look.ts': [
    {
      rule: 'S44 what a run that is given up has harmed is told',
      find: 'await harmed(harm)',
      replace: '',
      tests: LAST_LOOK,
    },
    {
      rule: 'S44 where a registry is not reached, a run is not given up',
      find: 'throw unseen.error',
      replace: 'return problems',
      tests: LAST_LOOK,
    },
    {
      rule: 'S44 a repository that is not reached hides no harm of the others',
      find: 'if (reachability.isLostWith(error)) break',
      replace: "if (reachability.isLostWith(error) || error.kind === 'unreachable') break",
      tests: LAST_LOOK,
    },
  ],
  'src/evict/sample-record.ts': [
    {
      rule: 'S44 the sample stays open for another process that goes on with the journal',
      find: ' || this.#isTakenOver',
      replace: '',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S44 the sample stays open while what was sent may still work in the registry',
      find: ' || [...intents].some((id) => !this.#unsent.has(id))',
      replace: '',
      tests: SAMPLE_RECORD,
    },
    {
      rule: 'S44 what was whole is in the journal before anything goes',
      find: '[fresh, ...records]',
      replace: 'records',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S44 what was whole before a call that was cut off counts',
      find: '[...(earlier?.whole ?? []), ...whole]',
      replace: 'whole',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S44 also where the call after that takes no sample',
      find: 'this.#before ??= await this.#earlier((await reach()).journal)',
      replace: '',
      tests: SAMPLE_RECORD,
    },
    {
      rule: 'S44 what goes by now is no harm',
      find: 'earlier.whole.filter((image) => !this.#going.has(keyOf(image)))',
      replace: 'earlier.whole',
      tests: SAMPLE_RECORD,
    },
    {
      rule: 'S44 what a call since then took up to take away is no harm',
      find: 'images.delete(key)',
      replace: 'void key',
      tests: SAMPLE_RECORD,
    },
  ],
  'src/evict/sample.ts': [
    {
      rule: 'S44 what is damaged is harm, also where a HEAD does not say so',
      find: "if (!hasCode(thrown, 'REGISTRY_SERVER_ERROR')) throw thrown",
      replace: 'throw thrown',
      tests: LAST_LOOK,
    },
    {
      rule: 'S15 what the run took is brought back on a loss',
      find: 'const failed = await takeBack(reach)',
      replace: 'const failed: string[] = []',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S38 a tag that stays and names nothing any more is a loss',
      find: "if (named === undefined) return 'its tag names nothing any more'",
      replace: 'if (named === undefined) return undefined',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S38 a tag that named nothing before is none',
      find: 'named === undefined ? { digest } : { tag, digest }',
      replace: '{ tag, digest }',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S40 what a killed proof has left is in no sample',
      find: "if (reason.code === 'Workspace') continue",
      replace: '',
      tests: SAMPLE,
    },
  ],
  'src/evict/untag-method.ts': [
    {
      rule: 'S40 a tag is deleted by name only where a test has shown what that takes',
      find: " && shown === 'distribution-3') return",
      replace: ') return',
      tests: METHOD,
    },
    {
      rule: 'S40 what answers like distribution 2 and deletes tags is not that',
      find: "product === 'distribution-2' && tagDelete === 'supported' ? 'unknown' : product",
      replace: 'tagDelete === undefined ? product : product',
      tests: METHOD,
    },
  ],
  'src/evict/untag.ts': [
    {
      rule: 'S40 before tags go by their names, one goes that nobody has',
      find: "method === 'Native' ? proveUntag(hands) : proveDelete(hands)",
      replace: "method === 'Native' ? undefined : proveDelete(hands)",
      tests: UNTAG,
    },
  ],
  'src/evict/overwriting.ts': [
    {
      rule: 'S17 what waits for the next placeholder can get its own manifest back',
      find: 'if (!needed.has(digest)) this.#manifests.delete(digest)',
      replace: 'if (needed.has(digest)) this.#manifests.delete(digest)',
      tests: ['src/evict/overwriting.test.ts'],
    },
    {
      rule: 'S17 what waits for the next placeholder is held in memory',
      find: ' || this.#isLarge()',
      replace: '',
      tests: ['src/evict/overwriting.test.ts'],
    },
    {
      rule: 'S16 what waits for the next placeholder is saved once',
      find: 'this.#unsaved.clear()',
      replace: '',
      tests: ['src/evict/overwriting.test.ts'],
    },
    {
      rule: 'S16 what waits for the next placeholder goes in the end',
      find: 'while (this.#waiting.length > 0) await this.#next()',
      replace: '',
      tests: ['src/evict/overwriting.test.ts'],
    },
  ],
  'src/evict/untag-batch.ts': [
    {
      rule: 'S04 a tag that goes by its name is told of before its batch has ended',
      find: "if (outcome === 'untagged') gone(binding)",
      replace: '',
      tests: UNTAG,
    },
    {
      rule: 'S04 what went by its name is recorded where its batch is stopped',
      find: 'if (inDoubt.size === 0 && ',
      replace: 'if (inDoubt.size < 0 && ',
      tests: UNTAG,
    },
    {
      rule: 'S16 a batch of which nobody knows what went stays open',
      find: 'inDoubt.size === 0 && ',
      replace: '',
      tests: UNTAG,
    },
  ],
  'src/evict/untag-proof.ts': [
    {
      rule: 'S40 what a DELETE of a tag takes along is looked at',
      find: '(await wentAlone(hands, digest)) ? undefined',
      replace: 'digest !== GOES ? undefined',
      tests: UNTAG,
    },
  ],
  'src/controllers/fresh-usage.ts': [
    {
      rule: 'S05 an inventory that was removed',
      find: 'if (left !== undefined) throw',
      replace: 'if (left === null) throw',
      tests: USAGE,
    },
    {
      rule: 'S03 what is known gets old',
      find: 'ageOf(barrier, clock) <= FRESH_MS',
      replace: 'clock.now() >= 0',
      tests: USAGE,
    },
    {
      rule: 'S05 not trusted',
      find: 'if (snapshot.trusted) return snapshot',
      replace: 'if (snapshot.synced) return snapshot',
      tests: USAGE,
    },
    {
      rule: 'S01 an inventory that is not watched yet',
      find: 'if (missing.length > 0)',
      replace: 'if (missing.length < 0)',
      tests: USAGE,
    },
    {
      rule: 'S01 no inventory',
      find: 'if (inventories.length === 0)',
      replace: 'if (inventories.length < 0)',
      tests: USAGE,
    },
    {
      rule: 'S01 an inventory that came since',
      find: '|| !isSame(lives, this.#lives)',
      replace: '',
      tests: USAGE,
    },
    {
      rule: 'S01 claims of other installations',
      find: 'isSame(this.#parts.claims(), this.#claims)',
      replace: 'this.#claims.length >= 0',
      tests: USAGE,
    },
    {
      rule: 'S03 who came into use since is in the index',
      find: 'if (isChanged) this.#isStale = true',
      replace: '',
      tests: USAGE,
    },
  ],
  'src/clusters/fresh-look.ts': [
    {
      rule: 'S03 a cluster that answers too slowly lets nothing go',
      find: 'if (tries > TRIES)\n        throw',
      replace: 'if (tries > TRIES) break\n      if (false)\n        throw',
      tests: USAGE,
    },
  ],
  'src/controllers/deletion-guard.ts': [
    {
      rule: 'S16 the lease',
      find: 'fence.assertLeader()',
      replace: '',
      tests: GUARD,
    },
    { rule: 'S21 suspend', find: 'assertWanted()', replace: '', tests: GUARD },
    { rule: 'S01 the claim', find: 'assertClaimed()', replace: '', tests: GUARD },
    {
      rule: 'S03 what is in use',
      find: 'await this.#parts.usage.refresh(signal)',
      replace: '',
      tests: GUARD,
    },
    {
      rule: 'S03 all is asked again afterwards',
      find: '// All of it may have changed meanwhile.\n    this.#assert()',
      replace: '',
      tests: GUARD,
    },
    {
      rule: 'S12 what was restored stays',
      find: 'tag !== undefined && isRestored(repository, tag)',
      replace: 'false',
      tests: GUARD,
    },
    {
      rule: 'S04 late use',
      find: 'if (why === undefined) return true',
      replace: 'if (why !== null) return true',
      tests: GUARD,
    },
    {
      rule: 'S21 the end of the window',
      find: 'if (clock.now() < endsAt) return',
      replace: 'if (clock.now() >= 0) return',
      tests: GUARD,
    },
  ],
  'src/evict/carry-out.ts': [
    {
      rule: 'S15 a tag that goes with others is put back',
      find: 'if (lost.length > 0)',
      replace: 'if (lost.length < 0)',
      tests: UNTAG,
    },
    {
      rule: 'S40 what went along is put back out of the journal',
      find: '(await savedManifests(hands.journal, new Set([digest]))).get(digest)',
      replace: 'undefined',
      tests: UNTAG,
    },
    {
      rule: 'S43 a tag that is to go, and goes with a placeholder that was not written over it by us, is missed',
      find: ' || mayFollow.has(tag)',
      replace: '',
      tests: UNTAG,
    },
    {
      rule: 'S43 also where how the others ended cannot be recorded',
      find: 'await lookAfter(error, count)',
      replace: '',
      tests: UNTAG,
    },
    {
      rule: 'S43 also where the work fails after a DELETE was sent',
      find: 'if (isSent)',
      replace: 'if (isSent === undefined)',
      tests: UNTAG,
    },
    {
      rule: 'S43 also where the work is told to stop then',
      find: 'await listTags(unstoppable(hands))',
      replace: 'await listTags(hands)',
      tests: UNTAG,
    },
    {
      rule: 'S43 not where none was sent: somebody else took what is missing',
      find: "isSent ||= line.method === 'DELETE'",
      replace: 'isSent ||= true',
      tests: UNTAG,
    },
  ],
  'src/evict/overwrite.ts': [
    {
      rule: 'S43 a placeholder that a tag names at the first look is not ours',
      find: 'isOver && tries > 1',
      replace: 'isOver',
      tests: UNTAG,
    },
    {
      rule: 'S43 nor is it where its turn has not come, or where it was to stay by then',
      find: 'const stayed = bindings.filter(',
      replace: 'const stayed = over.filter(',
      tests: UNTAG,
    },
    {
      rule: 'S43 what somebody took before the placeholder went is not missed',
      find: 'there.has(tag) && ',
      replace: '',
      tests: UNTAG,
    },
    {
      rule: 'S17 no tag is left behind a placeholder for long',
      find: 'hands.clock.monotonic() >= endsAt',
      replace: 'endsAt < 0',
      tests: UNTAG,
    },
    {
      rule: 'S17 a tag made from a placeholder stops the run',
      find: 'await assertNobodyFollowed(hands, missingFrom(before, there), stand, bindings)',
      replace: '',
      tests: UNTAG,
    },
  ],
  'src/evict/placeholder-followers.ts': [
    {
      rule: 'S43 so is one found that names nothing because a DELETE of the placeholder was cut off',
      find: 'await revive(hands, dangling, stand)',
      replace: 'await revive(hands, [], stand)',
      tests: SETTLE,
    },
  ],
  'src/evict/placeholder-removal.ts': [
    {
      rule: 'S17 a tag that cannot get back what it named keeps the others from nothing',
      find: 'if (!isMissing(error)) throw error',
      replace: 'throw error',
      tests: SETTLE,
    },
    {
      rule: 'S17 and is told of',
      find: 'if (cause === undefined) return',
      replace: 'return',
      tests: SETTLE,
    },
    {
      rule: 'S17 what stops the work gives the tags back',
      find: '() => giveBack(unstoppable(hands), bindings, manifests, stand)',
      replace: '() => giveBack(unstoppable(hands), [], manifests, stand)',
      tests: UNTAG,
    },
    {
      rule: 'S04 a tag that goes with a placeholder is told of when that goes',
      find: "if (outcome.kind === 'deleted') for (const binding of going) gone(binding)",
      replace: '',
      tests: UNTAG,
    },
    {
      rule: 'S17 what came into use gets its manifest back',
      find: 'await giveBack(hands, used, manifests, stand)',
      replace: '',
      tests: UNTAG,
    },
  ],
  'src/evict/scratch.ts': [
    {
      rule: 'S16 a DELETE that is too slow is unsafe',
      find: 'if (outcome.durationMs <= hands.deleteLimitMs) return',
      replace: 'return',
      tests: UNTAG,
    },
    {
      rule: 'S16 the first DELETE harms nothing',
      find: 'const outcome = await hands.delete',
      replace: 'const outcome = true ? ({ kind: "deleted", durationMs: 0 } as const) : await hands.delete',
      tests: UNTAG,
    },
  ],
  'src/evict/standing.ts': [
    {
      rule: 'S15 what a tag names stays',
      find: 'this.#needed.add(digest)',
      replace: '',
      tests: SWEEP,
    },
    {
      rule: 'S15 what a tag contains stays',
      find: 'else this.#needed.add(child)',
      replace: '',
      tests: SWEEP,
    },
    {
      rule: 'S15 a tag that disappears blocks',
      find: 'if (missing.length > 0) throw',
      replace: 'if (missing.length < 0) throw',
      tests: SWEEP,
    },
    {
      rule: 'S15 a tag that names nothing blocks',
      find: 'if (nameless.length > 0) throw',
      replace: 'if (nameless.length < 0) throw',
      tests: OTHERS,
    },
    {
      rule: 'S15 what was pushed since and is nested is read too',
      find: 'if (nested.includes(child)) await this.#need(child, depth + 1)\n      else this',
      replace: 'this',
      tests: SWEEP,
    },
    {
      rule: 'S15 what was pushed since is asked what it contains',
      find: 'if (this.#expected.named.has(digest)) return',
      replace: 'return',
      tests: SWEEP,
    },
    {
      rule: 'S15 what lies too deep to be read blocks',
      find: 'if (depth > MAX_NESTING)',
      replace: 'if (depth < 0)',
      tests: SWEEP,
    },
    {
      rule: 'S15 a tag that went to something else meanwhile does not go',
      find: 'if (this.#expected.doomed.get(tag) !== digest) digests.add',
      replace: 'if (!this.#expected.doomed.has(tag)) digests.add',
      tests: SWEEP,
    },
    {
      rule: 'S15 a listing that lacks a tag that stays blocks',
      find: 'if (round === 1) await assertListed(hands, listed, expected.staying)',
      replace: '',
      tests: SWEEP,
    },
    {
      rule: 'S15 tags are listed until two listings agree',
      find: '(await standing.follow(listed)) === 0',
      replace: '(await standing.follow(listed)) >= 0',
      tests: SWEEP,
    },
    {
      rule: 'S15 a tag whose content cannot be read blocks',
      find: "throw this.#unsettled([digest], 'is named by a tag and cannot be read')",
      replace: 'return { children: [], nested: [], subject: undefined }',
      tests: SWEEP,
    },
  ],
  'src/evict/sweep-one.ts': [
    {
      rule: 'S47 what has just gone and a new index contains is written again',
      find: 'if (fresh > 0) await',
      replace: 'if (fresh < 0) await',
      tests: NEEDED,
    },
    {
      rule: 'S16 a tag that was pushed while its manifest went has it again',
      find: 'await this.#reviveNew(fresh, last)',
      replace: '',
      tests: OTHERS,
    },
    {
      rule: 'S47 until it is written again it has no end',
      find: 'this.#isInDoubt = true\n    await writeNeeded',
      replace: 'await writeNeeded',
      tests: NEEDED,
    },
    {
      rule: 'S15 what an index contains that stays, stays',
      find: '(await headDigest(hands, guardian)) !== undefined',
      replace: 'guardian === undefined',
      tests: SWEEP,
    },
    {
      rule: 'S15 a tag that was moved onto what goes is put back',
      find: 'if (lost.length > 0)',
      replace: 'if (lost.length < 0)',
      tests: SWEEP,
    },
    {
      rule: 'S16 a tag that is left naming nothing is put back',
      find: 'await noTagDangles(this.#hands, left, this.#saved)',
      replace: '',
      tests: SWEEP,
    },
    {
      rule: 'S15 tags are listed right before each DELETE',
      find: 'await this.#follow(await listTags(hands))\n',
      replace: '\n',
      tests: OTHERS,
    },
    {
      rule: 'S15 what is new right before a DELETE keeps what it names',
      find: "return this.#standing.needs(digest) ? 'named' : undefined",
      replace: 'return undefined',
      tests: OTHERS,
    },
    {
      rule: 'S15 where DELETEs come slowly tags are counted right after each',
      find: 'if (this.#isSlow) await this.count()',
      replace: '',
      tests: OTHERS,
    },
    {
      rule: 'S37 what may have been promoted is there again by its digest',
      find: 'if (others.length > 0) await keepByDigest(this.#hands, manifest)',
      replace: '',
      tests: OTHERS,
    },
    {
      rule: 'S37 so is it where other tags went along in that moment',
      find: 'if (others.length > 0) await keepByDigest',
      replace: 'if (open.length === 0) await keepByDigest',
      tests: OTHERS,
    },
    {
      rule: 'S37 what somebody else deleted is told of beside what was put back',
      find: 'others.length === 0 ? undefined : notWritten(others, manifest.digest)',
      replace: 'undefined',
      tests: OTHERS,
    },
    {
      rule: 'S16 what a DELETE that was cut off has left is looked after before its intent ends',
      find: 'this.#kept = manifest.digest\n    this.#isInDoubt = wasInDoubt',
      replace: 'this.#kept = manifest.digest\n    this.#isInDoubt = false',
      tests: OTHERS,
    },
    {
      rule: 'S16 so is what it left that came to its end later',
      find: "if (typeof outcome === 'string' && (outcome !== 'gone' || tries === 1)) return outcome",
      replace: "if (typeof outcome === 'string') return outcome === 'gone' && tries > 1 ? 'swept' : outcome",
      tests: SWEEP,
    },
    {
      rule: 'S16 and what it left that the next one did not find any more',
      find: "outcome.kind === 'absent' && this.#isInDoubt",
      replace: 'false',
      tests: SWEEP,
    },
  ],
  'src/evict/sweep.ts': [
    {
      rule: 'S47 what is there again did not go',
      find: 'const over = withoutBack(ended, sweeping.back)',
      replace: 'const over = ended',
      tests: NEEDED,
    },
    {
      rule: 'S47 what a listing brought that could not be taken over is looked for once more',
      find: 'await sweeping.giveToUnfollowed()',
      replace: '',
      tests: NEEDED,
    },
    {
      rule: 'S47 what went before is written again where tags need it by now',
      find: '[...went].filter((digest) => standing.needs(digest))',
      replace: '[...went].filter((digest) => standing.needs(digest) && digest === "")',
      tests: NEEDED,
    },
    {
      rule: 'S04 a tag that goes along is told of before its batch has ended',
      find: "if (outcome === 'swept') gone({ tag, digest })",
      replace: '',
      tests: SWEEP,
    },
    {
      rule: 'S37 what is there again by its digest is not taken by the same run',
      find: '[...removed.digests, ...returned]',
      replace: 'removed.digests',
      tests: OTHERS,
    },
    {
      rule: 'S15 what stops a sweep does not keep the last DELETE from being looked after',
      find: '        await sweeping.count()\n        await sweeping.giveToUnfollowed()',
      replace: '        await sweeping.giveToUnfollowed()',
      tests: OTHERS,
    },
    {
      rule: 'S04 what went is recorded whatever counting brings to light',
      find: 'ended.push({ digest, outcome })',
      replace: 'await sweeping.countIfSlow()\n        ended.push({ digest, outcome })',
      tests: OTHERS,
    },
    {
      rule: 'S12 what is there again by its digest is not recorded as gone',
      find: 'tag !== undefined || digest !== sweeping.kept',
      replace: 'true',
      tests: OTHERS,
    },
    {
      rule: 'S37 the tags are in the journal before manifests are deleted',
      find: 'const tags = record.changesTo(seen.standing.names)',
      replace: 'const tags = record.changesTo([])',
      tests: OTHERS,
    },
    {
      rule: 'S16 what a DELETE may have taken along leaves the intent open',
      find: 'sweeping.isClean && !hands.signal.aborted',
      replace: '!hands.signal.aborted',
      tests: OTHERS,
    },
  ],
  'src/evict/sweep-lost.ts': [
    {
      rule: 'S37 what somebody deleted with its own manifest does not come back with another',
      find: 'was !== undefined && now.get(was) === undefined ? [] : tag',
      replace: 'was !== undefined && now.size < 0 ? [] : tag',
      tests: OTHERS,
    },
    {
      rule: 'S12 what is there again by its digest counts as brought back',
      find: "await journal.append([{ kind: 'restored', at: clock.now(), digest: manifest.digest }])",
      replace: '',
      tests: OTHERS,
    },
  ],
  'src/evict/tags-then.ts': [
    {
      rule: 'S37 what a new index needs and is written again says nothing about missing tags',
      find: ' && record.isNeeded !== true',
      replace: '',
      tests: ['src/evict/tags-then.test.ts'],
    },
    {
      rule: 'S37 tags that others removed in between are not missed',
      find: 'for (const tag of went) tags.delete(tag)',
      replace: '',
      tests: ['src/evict/tags-then.test.ts'],
    },
  ],
  'src/evict/tags.ts': [
    {
      rule: 'S16 a successor waits until nothing disappears',
      find: 'if (missing.length > 0) {',
      replace: 'if (missing.length < 0) {',
      tests: SWEEP,
    },
  ],
  'src/evict/evicted.ts': [
    {
      rule: 'S47 what is written again for a new index is no harm',
      find: 'isOwn && record.isNeeded !== true',
      replace: 'isOwn',
      tests: NEEDED,
    },
  ],
  'src/evict/refused.ts': [
    {
      rule: 'S37 what the trash has comes out of it',
      find: 'await restoreWhole(hands, manifest)',
      replace: 'await restoreWhole(hands, { ...manifest, digest: "sha256:0" })',
      tests: OTHERS,
    },
  ],
  'src/evict/settle-sweep.ts': [
    {
      rule: 'S47 so it is where the process died before it could look',
      find: '[...absent].filter((digest) => needed.has(digest) && ',
      replace: '[...absent].filter((digest) => needed.has("") && ',
      tests: NEEDED,
    },
    {
      rule: 'S16 a tag that a killed run left naming nothing is put back',
      find: 'await revive(hands, dangling, manifest, refused.put)',
      replace: 'await revive(hands, [], manifest, refused.put)',
      tests: SWEEP,
    },
    {
      rule: 'S16 so it is where others have deleted what was to go later',
      find: "absent.has(digest) && !absent.has(digests[at + 1] ?? '')",
      replace: 'at === digests.findLastIndex((each) => absent.has(each)) && absent.has(digest)',
      tests: SETTLE,
    },
    {
      rule: 'S41 nothing is settled while manifests go that a living run deletes',
      find: 'if (vanished.length === 0)',
      replace: 'if (vanished.length >= 0)',
      tests: SETTLE,
    },
    {
      rule: 'S37 a tag that is missing where a process died is told of',
      find: 'return missingFrom(known, then.tags)',
      replace: 'return missingFrom(known, [])',
      tests: OTHERS,
    },
    {
      rule: 'S04 a tag that was to go with a manifest that somebody has pushed again went',
      find: ' || pushedAgain.has(digest)',
      replace: '',
      tests: OTHERS,
    },
    {
      rule: 'S37 also by a tag that was there all the time',
      find: ' || namedNow.has(digest)',
      replace: '',
      tests: OTHERS,
    },
    {
      rule: 'S37 what the registry does not take again keeps nobody from telling',
      find: 'if (await refused.takes(digest, () => keepByDigest(hands, manifest, refused.put))) back.add(digest)',
      replace: 'await keepByDigest(hands, manifest)\n      back.add(digest)',
      tests: OTHERS,
    },
    {
      rule: 'S37 so is one whose manifest somebody has pushed again',
      find: 'last.length + pushedAgain.size === 0',
      replace: 'last.length === 0',
      tests: OTHERS,
    },
    {
      rule: 'S37 what it may have named is there by its digest',
      find: 'refused.takes(digest, () => keepByDigest(hands, manifest, refused.put))',
      replace: 'refused.takes(digest, async () => undefined)',
      tests: OTHERS,
    },
  ],
  'src/evict/anchor.ts': [
    {
      rule: 'S14 an anchor is never written over a tag',
      find: "if (named !== undefined) return named === digest ? 'anchored' : 'taken'",
      replace: '',
      tests: ANCHOR,
    },
    {
      rule: 'S16 an anchor passes the fence',
      find: 'calls(access).write',
      replace: 'calls(access).read',
      tests: ANCHOR,
    },
  ],
}
