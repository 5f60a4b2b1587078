import type { MutantsByFile } from './mutant.ts'

const EVICTIONS = ['test/model/retention/evictions.test.ts']
const LATE = ['test/model/retention/late-use.test.ts']
const LAYERS = ['src/retention/layer-prefixes.test.ts']
const PLAN = ['src/retention/plan.test.ts']
const KEEP = ['src/retention/keep/chain.test.ts']

/** What a plan leaves alone (S06, S08-S14). */
export const RETENTION_MUTANTS: MutantsByFile = {
  'src/retention/anchor-tag.ts': [
    {
      rule: 'S14 an anchor that names something else is none',
      find: 'tag === anchorTag(digest)',
      replace: 'true',
      tests: ['src/retention/judge.test.ts'],
    },
  ],
  'src/retention/eviction-of.ts': [
    {
      rule: 'S09 what something needs that stays',
      find: '&& !stays(at, digest)',
      replace: '',
      tests: EVICTIONS,
    },
    {
      rule: 'S09 what a manifest without a tag holds',
      find: '!needed.has(digest) &&',
      replace: '',
      tests: EVICTIONS,
    },
  ],
  'src/retention/late-use.ts': [
    {
      rule: 'S04 the tag itself',
      find: 'useReason(usage.usesOf(candidate)) ?? search.keeps(candidate.digest)',
      replace: 'useReason(usage.usesOf(candidate))',
      tests: LATE,
    },
    {
      rule: 'S04 part of an index',
      find: "if (!isLifted) add(graph.holders(digest), 'PartOf', false)",
      replace: '',
      tests: LATE,
    },
    {
      rule: 'S04 belongs to its subject',
      find: "if (!isLifted) add(graph.subjects(digest), 'BelongsTo', false)",
      replace: '',
      tests: LATE,
    },
    {
      rule: 'S04 what refers to it',
      find: "add(graph.referrers(digest), 'SubjectOf', isLifted)",
      replace: '',
      tests: LATE,
    },
    {
      rule: 'S04 an index with what it holds',
      find: "add(graph.children(digest), 'Holds', true)",
      replace: '',
      tests: LATE,
    },
    {
      rule: 'S04 the base of it',
      find: "add(this.#derived.of(manifest), 'BaseOf', false)",
      replace: 'add([], "BaseOf", false)',
      tests: LATE,
    },
    {
      rule: 'S12 what the plan does not let go nobody takes',
      find: "if (!seeds.has(candidate.digest)) return reason('NotApproved')",
      replace: '',
      tests: ['src/retention/late-use.test.ts'],
    },
    {
      rule: 'S04 by the newest index',
      find: 'if (search?.usage !== usage) search',
      replace: 'if (search === undefined) search',
      tests: LATE,
    },
    {
      rule: 'S04 the same digest under another name',
      find: 'add({ repository, tag, digest })',
      replace: '',
      tests: LATE,
    },
    {
      rule: 'S04 what has no tag',
      find: 'add({ repository, digest })',
      replace: '',
      tests: LATE,
    },
    {
      rule: 'S06 by its config',
      find: 'byConfig ?? useReason(this.usage.usesOf(place))',
      replace: 'useReason(this.usage.usesOf(place))',
      tests: LATE,
    },
  ],
  'src/retention/layer-prefixes.ts': [
    {
      rule: 'S09 an image is no base of one that has other layers',
      find: '?.find((prefix) => isPrefix(prefix, layers, length))?.value',
      replace: '?.[0]?.value',
      tests: LAYERS,
    },
    {
      rule: 'S09 every sequence of first layers is that of a base',
      find: 'let length = 1; length < layers.length; length += 1',
      replace: 'let length = layers.length - 1; length === layers.length - 1 && length > 0; length += 1',
      tests: LAYERS,
    },
    {
      rule: 'S09 layers that look alike in the index are told apart',
      find: 'if (same?.some((prefix) => isPrefix(prefix, layers, length)) === true) continue',
      replace: 'if (same !== undefined) continue',
      tests: LAYERS,
    },
    {
      rule: 'S09 layers are compared whole',
      find: 'if (prefix.layers[at]?.digest !== layers[at]?.digest) return false',
      replace: '{}',
      tests: LAYERS,
    },
  ],
  'src/retention/unreferenced-bytes.ts': [
    {
      rule: 'S11 what something needs that stays is not counted as freed',
      find: 'for (const child of manifests.get(digest)?.children ?? []) found.add(child.digest)',
      replace: '',
      tests: PLAN,
    },
    {
      rule: 'S11 what stays is not counted as freed',
      find: 'for (const digest of needed) {\n    content.add(facts.manifests.get(digest))',
      replace: 'for (const _ of needed) {',
      tests: PLAN,
    },
    {
      rule: 'S11 what goes and stays elsewhere is not counted as freed',
      find: 'return content.bytes - neededBytes',
      replace: 'return content.bytes',
      tests: PLAN,
    },
    {
      rule: 'S11 what is shared is counted once',
      find: 'if (isAdded(this.#blobs, digest)) this.bytes',
      replace: 'this.bytes',
      tests: PLAN,
    },
  ],
  'src/retention/derived-images.ts': [
    {
      rule: 'S09 a base by its layers',
      find: 'group?.derived.push(digest)',
      replace: '',
      tests: LATE,
    },
  ],
  'src/retention/own-content.ts': [
    {
      rule: 'S08 what lies where claims do',
      find: "repository.split('/').at(-1) === CLAIMS_REPOSITORY",
      replace: 'false',
      tests: ['src/retention/judge.test.ts'],
    },
    {
      rule: 'S08 what lies below a workspace',
      find: 'repository.startsWith(',
      replace: 'false && repository.startsWith(',
    },
    {
      rule: 'S08 what has a type of ours, wherever it is',
      find: 'manifest?.artifactType?.startsWith(OWN_TYPES) === true',
      replace: 'false',
    },
  ],
  'src/retention/found-workspaces.ts': [
    {
      rule: 'S33 the trash of others lies beside their journals',
      find: 'if (tags.some(isJournal))',
      replace: 'if (false)',
    },
    {
      rule: 'S33 the trash of others shows by the tags of its copies',
      find: 'trash !== undefined && tags.some(isCopy)',
      replace: 'trash === null',
      tests: ['src/retention/removal-request.test.ts'],
    },
  ],
  'src/retention/compiled-rule.ts': [
    { rule: 'S13 a keep that keeps nothing', find: 'if (!isSaid) {', replace: 'if (false) {' },
    {
      rule: 'S13 no tags are no tags',
      find: 'keep.tags !== undefined && keep.tags.length > 0',
      replace: 'keep.tags !== undefined',
    },
    {
      rule: 'S13 what is young stays by every rule',
      find: "const YOUNGER_THAN = '24h'",
      replace: "const YOUNGER_THAN = '1s'",
    },
    {
      rule: 'S08 a repository that nobody uses',
      find: "rule.whenUnused ?? 'KeepNewest'",
      replace: "rule.whenUnused ?? 'Evict'",
    },
    { rule: 'S09 images alone', find: 'kinds = [IMAGE_KIND]', replace: "kinds = ['**']" },
    {
      rule: 'S08 a pattern that can match nothing',
      find: 'if (problem !== undefined) throw invalid(',
      replace: 'if (false) throw invalid(',
    },
  ],
  'src/retention/keep/chain.ts': [
    {
      rule: 'S13 one line of keep is enough',
      find: 'if (kept !== undefined) return kept',
      replace: 'if (kept === undefined) return undefined',
      tests: KEEP,
    },
    {
      rule: 'S13 every line of keep is asked',
      find: 'of POLICIES)',
      replace: 'of POLICIES.slice(0, 4))',
      tests: KEEP,
    },
  ],
  'src/retention/keep/by-name.ts': [
    {
      rule: 'S08 a rule that keeps everything',
      find: "if (rule.keepsAll) return reason('KeepAll')",
      replace: '',
      tests: KEEP,
    },
    {
      rule: 'S08 a tag that a rule keeps by its name',
      find: "pattern === undefined ? undefined : reason('KeepTag', pattern)",
      replace: 'pattern === null ? undefined : undefined',
      tests: KEEP,
    },
  ],
  'src/retention/keep/version.ts': [
    { rule: 'S13 the highest versions', find: 'stream.version(digest)', replace: 'undefined', tests: KEEP },
  ],
  'src/retention/keep/unused.ts': [
    {
      rule: 'S08 what nobody uses and a rule keeps then',
      find: "rule.whenUnused === 'Keep' ?",
      replace: 'rule === null ?',
      tests: KEEP,
    },
  ],
  'src/retention/plan-digest.ts': [
    {
      rule: 'S12 a digest is of one Registry',
      find: '[registry, url, policy, rules]',
      replace: '[url, policy, rules]',
      tests: PLAN,
    },
    {
      rule: 'S12 a digest is of where that Registry answers',
      find: '[registry, url, policy, rules]',
      replace: '[registry, policy, rules]',
      tests: PLAN,
    },
    {
      rule: 'S12 a digest is of one policy',
      find: '[registry, url, policy, rules]',
      replace: '[registry, url, rules]',
      tests: PLAN,
    },
    {
      rule: 'S12 a digest is of the rules',
      find: '[registry, url, policy, rules]',
      replace: '[registry, url, policy]',
      tests: PLAN,
    },
    {
      rule: 'S12 a digest is of repositories',
      find: '[repository, tag, digest, action]',
      replace: '[tag, digest, action]',
      tests: PLAN,
    },
    {
      rule: 'S12 a digest is of tags',
      find: '[repository, tag, digest, action]',
      replace: '[repository, digest, action]',
      tests: PLAN,
    },
    {
      rule: 'S12 a digest is of what tags name',
      find: '[repository, tag, digest, action]',
      replace: '[repository, tag, action]',
      tests: PLAN,
    },
    {
      rule: 'S12 a digest is of what becomes of a tag',
      find: '[repository, tag, digest, action]',
      replace: '[repository, tag, digest]',
      tests: PLAN,
    },
    {
      rule: 'S12 a digest is of nothing that stays, nor of reasons',
      find: 'const { tag, digest, action } = verdict',
      replace: 'const { tag, digest, action } = verdict; hash.update(String(verdict.reason.at))',
      tests: PLAN,
    },
  ],
  'src/retention/keep/newest.ts': [
    { rule: 'S08 the newest of what nobody uses', find: 'Math.max(newest, 1)', replace: 'newest' },
  ],
  'src/retention/keep/undated.ts': [
    {
      rule: 'S13 what has no date',
      find: "if (stream.dateOf(digest) === undefined) return reason('Undated')",
      replace: '',
    },
    { rule: 'S13 what may come before one in use', find: 'undatedInUse !== undefined ?', replace: 'false ?' },
  ],
  'src/retention/keep/young.ts': [
    {
      rule: 'S13 what nobody can say the age of',
      find: "if (changedAt === undefined) return reason('Undated')",
      replace: 'if (changedAt === undefined) return undefined',
    },
    { rule: 'S10 what is young', find: 'now - changedAt < rule.youngerThanMs', replace: 'false' },
  ],
  'src/retention/keep/before-in-use.ts': [
    { rule: 'S13 what comes before one in use', find: 'next.distance <= rule.beforeInUse', replace: 'false' },
  ],
  'src/retention/stream.ts': [
    { rule: 'S13 distinct digests', find: 'if (member === undefined) {', replace: 'if (true) {' },
    {
      rule: 'S13 the time a digest was first seen',
      find: 'const date = built ?? digestSince',
      replace: 'const date = built ?? 0',
    },
  ],
  'src/retention/build-date.ts': [
    {
      rule: 'S13 dates that no image can have',
      find: 'isKnownDate(created, now)',
      replace: 'created !== undefined && created <= now',
    },
    {
      rule: 'S13 dates in the future',
      find: 'isKnownDate(created, now)',
      replace: 'isKnownDate(created, Number.POSITIVE_INFINITY)',
    },
    {
      rule: 'S13 a child without a date',
      find: 'if (date === undefined) return undefined',
      replace: 'if (date === undefined) continue',
    },
  ],
  'src/retention/drafts.ts': [
    {
      rule: 'S14 an anchor is not counted',
      find: 'isAnchor(tag.tag, digest) || ',
      replace: '',
      tests: ['src/retention/judge.test.ts'],
    },
    {
      rule: 'S14 an anchor goes when it is not used',
      find: 'if (this.#rules.length > 0 && isAnchor(',
      replace: 'if (false && isAnchor(',
      tests: ['src/retention/judge.test.ts'],
    },
    {
      rule: 'S01 an anchor goes only where a rule is about its repository',
      find: 'this.#rules.length > 0 && isAnchor(',
      replace: 'isAnchor(',
      tests: ['src/retention/judge.test.ts'],
    },
    { rule: 'S06 what is in use', find: 'if (used !== undefined) return used', replace: '' },
    {
      rule: 'S06 the digest of something in use',
      find: 'if (same !== undefined) return sameInUse(same)',
      replace: '',
    },
    {
      rule: 'S12 what was restored',
      find: 'if (until !== undefined && until > now) return',
      replace: 'if (false) return',
    },
    {
      rule: 'S09 what was not read in full',
      find: 'return this.#incomplete',
      replace: 'return undefined',
    },
    {
      rule: 'S13 signatures count as builds',
      find: '|| companions.isCompanion(tag)) return undefined',
      replace: ') return undefined',
    },
    { rule: 'S10 when it was bound', find: 'boundSince ?? NEVER', replace: 'NEVER' },
    { rule: 'S09 orphans', find: 'if (!rule.evictsOrphans) return', replace: 'if (false) return' },
    { rule: 'S09 young orphans', find: 'return young === undefined ?', replace: 'return true ?' },
    {
      rule: 'S08 a repository of which somebody names an image',
      find: 'if (marks.isNamed(name)) return true',
      replace: '',
    },
    {
      rule: 'S08 a repository that has something in use',
      find: '|| (digest !== undefined && inUse.has(digest))',
      replace: '',
    },
  ],
  'src/retention/completeness.ts': [
    {
      rule: 'S09 a manifest that was not read',
      find: 'if (bound[at] === undefined) return',
      replace: 'if (false) return',
    },
    { rule: 'S09 a repository that was not read', find: 'repository.incomplete ?? ', replace: '' },
    {
      rule: 'S09 repositories that are not listed',
      find: 'incomplete === undefined && known',
      replace: 'known',
    },
  ],
  'src/retention/usage-marks.ts': [
    {
      rule: 'S06 a config in use',
      find: 'manifest?.config === undefined ? NO_USES : usage.usesOfConfig(manifest.config.digest)',
      replace: 'NO_USES',
    },
    { rule: 'S06 a child in use', find: 'if (asked.has(key)) continue', replace: 'continue' },
    {
      rule: 'S06 what has no tag and is in use',
      find: 'askUntagged(name, digest)\n',
      replace: '',
    },
  ],
  'src/retention/protection.ts': [
    { rule: 'S06 children of an index', find: "this.addFor(child, name, 'PartOf', false)", replace: '{}' },
    { rule: 'S09 what refers to it', find: "this.addFor(referrer, name, 'BelongsTo', false)", replace: '{}' },
    {
      rule: 'S09 what it refers to',
      find: "this.addFor(subject, name, 'SubjectOf', isLifted)",
      replace: '{}',
    },
    { rule: 'S06 indexes that hold it', find: "this.addFor(holder, name, 'Holds', true)", replace: '{}' },
    { rule: 'S06 indexes, told after the first look', find: 'known.isLifted = true', replace: 'return' },
  ],
  'src/retention/manifest-graph.ts': [
    {
      rule: 'S09 the subject of a manifest',
      find: 'if (subject !== undefined) refers(digest, subject)',
      replace: '',
    },
    {
      rule: 'S09 what the registry says refers to it',
      find: 'for (const digest of found) refers(digest, subject)',
      replace: '{}',
    },
    {
      rule: 'S09 what a tag says by its name',
      find: 'if (subject !== undefined && digest !== undefined) refers',
      replace: 'if (false) refers',
    },
  ],
  'src/retention/settle.ts': [
    {
      rule: 'S06 what is in use, in every repository',
      find: 'for (const [digest, { name }] of marks.digests) this.#everywhere.add(digest, name)',
      replace: '',
    },
    {
      rule: 'S09 what a tag that stays needs',
      find: 'else protection.add(digest,',
      replace: 'else if (false) protection.add(digest,',
    },
    {
      rule: 'S09 bases by annotation',
      find: "this.#everywhere.addFor(base, name, 'BaseOf', true)",
      replace: '{}',
    },
    {
      rule: 'S09 bases by layers',
      find: "manifest.kind === 'image' && this.#layers.add(manifest, name)",
      replace: 'false',
    },
    { rule: 'S09 signatures in other repositories', find: 'this.#elsewhere(digest, name)\n', replace: '\n' },
    {
      rule: 'S15 a digest of which a tag stays',
      find: "own.has(digest) ? 'untag' : 'evict'",
      replace: "'evict'",
    },
    {
      rule: 'S06 what hangs on what stays',
      find: "const held = draft.keeps ? draft.reason : heldFor(digest ?? '')",
      replace: 'const held = draft.keeps ? draft.reason : undefined',
    },
  ],
  'src/retention/companions.ts': [
    { rule: 'S09 a name that is cut', find: 'return hasCutSubject(tag.tag) || this', replace: 'return this' },
    {
      rule: 'S09 a subject that may be where nothing was read',
      find: 'if (!homes.includes(repository) && !this.#known.isWhole)',
      replace: 'if (false)',
    },
    {
      rule: 'S09 a subject that stays where it is',
      find: 'if (homes.some((home) => !this.#isDecided(home, subject)))',
      replace: 'if (false)',
    },
  ],
  'src/retention/named-bases.ts': [
    {
      rule: 'S09 a base by its name',
      find: 'return named === undefined ? found : [...found, named]',
      replace: 'return found',
    },
    {
      rule: 'S09 a base by its digest',
      find: 'baseDigest === undefined ? [] : [baseDigest]',
      replace: 'baseDigest === undefined ? [] : []',
    },
  ],
  'src/retention/judge.ts': [
    {
      rule: 'S12 what is not allowed',
      find: '|| allows(name, verdict))',
      replace: '|| true)',
    },
  ],
  'src/retention/limits.ts': [
    { rule: 'S11 the oldest first', find: 'compare(a.at, b.at)', replace: 'compare(b.at, a.at)' },
    { rule: 'S11 no more than the limit', find: 'oldest.slice(0, maxEvictions)', replace: 'oldest' },
  ],
  'src/retention/approval.ts': [
    {
      rule: 'S12 what goes in both plans',
      find: 'names.has(bindingKey(repository, tag, digest))',
      replace: 'true',
    },
  ],
  'src/retention/unknown-returns.ts': [
    {
      rule: 'S12 a repository of which it is not known what was brought back is incomplete',
      find: 'if (why === undefined || why.size === 0) return facts',
      replace: 'return facts',
      tests: ['src/retention/unknown-returns.test.ts'],
    },
  ],
  'src/retention/removals.ts': [{ rule: 'S12 a tag that was moved', find: "digest ?? ''", replace: "''" }],
  'src/retention/soak.ts': [
    { rule: 'S10 long enough', find: '&& lastAt - first >= soakMs', replace: '' },
    { rule: 'S10 at least two plans', find: '&& first < lastAt', replace: '' },
    { rule: 'S10 any change starts anew', find: 'before?.mark === mark', replace: 'before !== undefined' },
  ],
  'src/retention/blocks.ts': [
    {
      rule: 'S02 the clock of the registry',
      find: 'if (Math.abs(registrySkewMs) <= LARGEST_SKEW_MS) return []',
      replace: 'if (true) return []',
      tests: ['src/retention/blocks.test.ts'],
    },
    {
      rule: 'S02 the coverage of another installation',
      find: '.filter(({ inUseWithinMs = 0 }) => inUseWithinMs > coveredMs)',
      replace: '.filter(() => false)',
      tests: ['src/retention/blocks.test.ts'],
    },
    {
      rule: 'S02 an approval from before a loss does not accept it',
      find: '|| madeAt < madeSince)',
      replace: ')',
      tests: ['src/retention/blocks.test.ts'],
    },
    {
      rule: 'S02 a ledger that was lost stands against a plan',
      find: '...input.replaced.map(ledgerBlock),',
      replace: '',
      tests: ['src/retention/blocks.test.ts'],
    },
    { rule: 'S05 not synced', find: 'if (!synced) return', replace: 'if (false) return' },
    { rule: 'S05 not trusted', find: 'if (!trusted) {', replace: 'if (false) {' },
    {
      rule: 'S03 not of now',
      find: 'barrier === undefined || now - barrier.wall > maxInventoryAgeMs',
      replace: 'false',
    },
    {
      rule: 'S02 a memory that is too short',
      find: 'if (inUseWithinMs > retainMs) {',
      replace: 'if (false) {',
    },
    {
      rule: 'S02 coverage that is too short',
      find: '} else if (inUseWithinMs > coveredMs) {',
      replace: '} else if (false) {',
    },
    {
      rule: 'S06 references that do not resolve',
      find: 'if (unresolvedShare > LARGEST_UNRESOLVED_SHARE) {',
      replace: 'if (false) {',
    },
    { rule: 'S06 too few in use', find: 'if (resolved < leastInUse) {', replace: 'if (false) {' },
    {
      rule: 'S10 what was never seen before',
      find: 'if (!unknown.has(image) || watchedMs >= youngMs) continue',
      replace: 'continue',
    },
    {
      rule: 'S11 more than may go at once',
      find: 'if (maxEvictionPercent === undefined || percent <= maxEvictionPercent) return []',
      replace: 'if (maxEvictionPercent !== 0) return []',
    },
    { rule: 'S01 no inventory', find: 'if (inventories.length === 0) {', replace: 'if (false) {' },
  ],
  'src/retention/untagged-in-use.ts': [
    { rule: 'S14 what is in use and has no tag', find: 'marks.digests.has(digest)', replace: 'false' },
  ],
}
