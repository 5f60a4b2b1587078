import { RE2JS } from 're2js'
import { TallymanError } from '#catalogue/error.ts'
import {
  anyMatches,
  compileGlob,
  type Glob,
  impossibleGlob,
  type NameAlphabet,
  REPOSITORY_NAMES,
  TAGS,
} from '#crds/glob.ts'
import { IMAGE_KIND, type KeptVersions, type RetentionRule, type WhenUnused } from '#retention/rules.ts'
import { parseDuration } from '#time/duration.ts'

/** Every rule keeps what is younger (S13). */
const YOUNGER_THAN = '24h'

/** A rule that can be applied. */
export interface CompiledRule {
  readonly name: string
  matchesRepository(name: string): boolean
  /** @param kind `Image`, or the type of an artifact, empty where it says none */
  matchesKind(kind: string): boolean
  /** The pattern of `keep.tags` that matches; undefined: none does. */
  tagPattern(tag: string): string | undefined
  /** Which stream of its repository a tag belongs to. */
  streamOf(tag: string): string
  readonly keepsAll: boolean
  /** 0: none is kept for that. */
  readonly newest: number
  /** 0: none is kept for that. */
  readonly beforeInUse: number
  readonly semver: KeptVersions | undefined
  readonly youngerThanMs: number
  readonly inUseWithinMs: number | undefined
  readonly whenUnused: WhenUnused
  readonly evictsOrphans: boolean
}

/**
 * @param field where they are written, for messages
 * @throws SPEC_INVALID names the first field that cannot be carried out, such as a `keep` that keeps nothing
 */
export function compileRules(rules: readonly RetentionRule[], field = 'rules'): CompiledRule[] {
  const names = new Set<string>()
  for (const [at, { name }] of rules.entries()) {
    if (names.has(name))
      throw invalid(`${field}[${at}].name:`, `${JSON.stringify(name)} is the name of another rule already`)
    names.add(name)
  }
  return rules.map((rule, at) => compileRule(rule, `${field}[${at}]`))
}

function compileRule(rule: RetentionRule, field: string): CompiledRule {
  const { name, keep, repositories, excludeRepositories = [], kinds = [IMAGE_KIND] } = rule
  const included = globs(repositories, REPOSITORY_NAMES, `${field}.repositories`)
  const excluded = globs(excludeRepositories, REPOSITORY_NAMES, `${field}.excludeRepositories`)
  // A type is whatever text somebody has pushed: no pattern over it is impossible.
  const kindGlobs = kinds.map(compileGlob)
  const tags = globs(keep.tags ?? [], TAGS, `${field}.keep.tags`)
  refuseEmptyKeep(rule, `${field}.keep`)
  return {
    name,
    matchesRepository: (repository) => anyMatches(included, repository) && !anyMatches(excluded, repository),
    matchesKind: (kind) => anyMatches(kindGlobs, kind),
    tagPattern: (tag) => firstMatch(tags, tag),
    streamOf: streamsBy(rule.groupBy, `${field}.groupBy`),
    keepsAll: keep.all ?? false,
    newest: count(keep.newest, `${field}.keep.newest`),
    beforeInUse: count(keep.beforeInUse, `${field}.keep.beforeInUse`),
    semver: versions(keep.semver, `${field}.keep.semver`),
    youngerThanMs: milliseconds(keep.youngerThan ?? YOUNGER_THAN, `${field}.keep.youngerThan`),
    inUseWithinMs:
      keep.inUseWithin === undefined
        ? undefined
        : milliseconds(keep.inUseWithin, `${field}.keep.inUseWithin`),
    whenUnused: rule.whenUnused ?? 'KeepNewest',
    evictsOrphans: rule.evictOrphans ?? false,
  }
}

/** What was forgotten would be read as "nothing is to stay". */
function refuseEmptyKeep({ name, keep }: RetentionRule, field: string): void {
  const isSaid = [
    keep.newest !== undefined,
    keep.beforeInUse !== undefined,
    keep.tags !== undefined && keep.tags.length > 0,
    keep.semver !== undefined,
    keep.youngerThan !== undefined,
    keep.inUseWithin !== undefined,
    keep.all === true,
  ].includes(true)
  if (!isSaid) {
    throw invalid(field, `of the rule ${name} keeps nothing: say what stays, or all: true to keep everything`)
  }
}

/** One that can match nothing is a mistake: what it was meant to name would fall to another rule. */
function globs(patterns: readonly string[], names: NameAlphabet, field: string): Glob[] {
  return patterns.map((pattern, at) => {
    const problem = impossibleGlob(pattern, names)
    if (problem !== undefined) throw invalid(`${field}[${at}]:`, problem)
    return compileGlob(pattern)
  })
}

function count(value: number | undefined, field: string): number {
  if (value === undefined) return 0
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(field, `is ${value}: it must be at least 1`)
  return value
}

function versions(semver: KeptVersions | undefined, field: string): KeptVersions | undefined {
  if (semver === undefined) return undefined
  const newestPerMajor = count(semver.newestPerMajor, `${field}.newestPerMajor`)
  const newestPerMinor = count(semver.newestPerMinor, `${field}.newestPerMinor`)
  if (newestPerMajor + newestPerMinor === 0) {
    throw invalid(field, 'keeps nothing: it needs newestPerMajor or newestPerMinor')
  }
  return { newestPerMajor, newestPerMinor }
}

function milliseconds(text: string, field: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0) {
    throw invalid(field, `is ${JSON.stringify(text)}: it must be a duration above zero, such as 24h`)
  }
  return ms
}

function streamsBy(pattern: string | undefined, field: string): (tag: string) => string {
  if (pattern === undefined) return () => ''
  const compiled = compilePattern(pattern, field)
  return (tag) => {
    const found = compiled.matcher(tag)
    if (!found.find()) return ''
    const groups = Array.from({ length: found.groupCount() }, (_, at) => found.group(at + 1) ?? '')
    // No tag holds a NUL: texts of two groups cannot run into one another, and no stream is that of the tags without a match.
    return `\0${(groups.length === 0 ? [found.group()] : groups).join('\0')}`
  }
}

function compilePattern(pattern: string, field: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw invalid(field, `is ${JSON.stringify(pattern)}, no regular expression of RE2: ${why}`, error)
  }
}

function firstMatch(globs: readonly Glob[], text: string): string | undefined {
  return globs.find((glob) => glob.matches(text))?.source
}

function invalid(field: string, why: string, cause?: unknown): TallymanError {
  return new TallymanError('SPEC_INVALID', `${field} ${why}`, { cause })
}
