import { TallymanError } from '#catalogue/error.ts'
import { compileGlob, type Glob } from '#crds/glob.ts'
import type { ImageRuleSpec } from '#crds/image-sources.ts'
import { evaluate, type FieldPath, parseFieldPath, ROOT } from '#inventory/field-path.ts'
import { joinParts, PART_KEYS, partText, referenceOfMap } from '#inventory/image-parts.ts'
import { type FoundImages, ImageTexts, MAX_TEXTS } from '#inventory/image-texts.ts'
import { isRecord } from '#inventory/json.ts'

/** The images that an object of a custom kind names. Never throws. */
export type ImageRules = (object: unknown) => FoundImages

type Rule = (object: unknown, texts: ImageTexts) => void
type JoinSpec = NonNullable<ImageRuleSpec['join']>

/** How many levels below its path a rule looks. */
const MAX_DEPTH = 64

/**
 * The union of what the rules find.
 * @param field where the rules stand in the spec, for messages
 * @throws SPEC_INVALID
 */
export function compileImageRules(specs: readonly ImageRuleSpec[], field = 'images'): ImageRules {
  const rules = specs.map((spec, index) => compileRule(spec, `${field}[${index}]`))
  return (object) => {
    const texts = new ImageTexts()
    for (const rule of rules) rule(object, texts)
    return texts.found
  }
}

function compileRule({ path, join, search, named }: ImageRuleSpec, field: string): Rule {
  const rules: Rule[] = []
  if (path !== undefined) rules.push(pathRule(parseFieldPath(path, `${field}.path`)))
  if (join !== undefined) rules.push(joinRule(join, `${field}.join`))
  if (search !== undefined) {
    rules.push(searchRule(pathOr(ROOT, search.path, `${field}.search.path`), compileGlob(search.key)))
  }
  if (named !== undefined) {
    rules.push(namedRule(parseFieldPath(named.path, `${field}.named.path`), compileGlob(named.name)))
  }
  const [only, another] = rules
  if (only !== undefined && another === undefined) return only
  throw new TallymanError('SPEC_INVALID', `${field}: set exactly one of path, join, search and named`)
}

/** Every text at the path or below it is a reference. */
function pathRule(path: FieldPath): Rule {
  return (object, texts) => {
    for (const value of valuesAt(path, object, texts)) addAll(value, texts, 0)
  }
}

/** References from several fields. Where a field has several values, every combination counts. */
function joinRule(spec: JoinSpec, field: string): Rule {
  const path = pathOr(ROOT, spec.path, `${field}.path`)
  const partOf = (part: 'registry' | 'repository' | 'tag' | 'digest') =>
    pathOr(undefined, spec[part], `${field}.${part}`)
  const paths = {
    registry: partOf('registry'),
    repository: partOf('repository'),
    tag: partOf('tag'),
    digest: partOf('digest'),
  }
  return (object, texts) => {
    for (const item of valuesAt(path, object, texts)) {
      const partsAt = (part: FieldPath | undefined) => distinctTexts(part, item, texts)
      const registries = partsAt(paths.registry)
      const tags = partsAt(paths.tag)
      const digests = partsAt(paths.digest)
      for (const repository of partsAt(paths.repository)) {
        for (const registry of registries) {
          for (const tag of tags) {
            for (const digest of digests) {
              texts.add(joinParts({ registry, repository, tag, digest }) ?? '')
              if (texts.truncated) return
            }
          }
        }
      }
    }
  }
}

/** Every text at or below a key that matches, however deep. */
function searchRule(path: FieldPath, key: Glob): Rule {
  const search = (value: unknown, texts: ImageTexts, depth: number): void => {
    if (isTooDeep(value, texts, depth)) return
    if (Array.isArray(value)) for (const item of value) search(item, texts, depth + 1)
    else if (isRecord(value)) {
      for (const [name, child] of Object.entries(value)) {
        if (key.matches(name)) addAll(child, texts, depth + 1)
        else search(child, texts, depth + 1)
      }
    }
  }
  return (object, texts) => {
    for (const value of valuesAt(path, object, texts)) search(value, texts, 0)
  }
}

/** The `value` of each item whose `name` matches; the path may end at the items or at their list. */
function namedRule(path: FieldPath, name: Glob): Rule {
  return (object, texts) => {
    for (const item of valuesAt(path, object, texts).flat()) {
      if (!isRecord(item) || typeof item.name !== 'string' || typeof item.value !== 'string') continue
      if (name.matches(item.name)) texts.add(item.value)
    }
  }
}

/** A map that spells a reference in parts counts as that reference, and the rest of it as any other map. */
function addAll(value: unknown, texts: ImageTexts, depth: number): void {
  if (typeof value === 'string') texts.add(value)
  if (isTooDeep(value, texts, depth)) return
  if (Array.isArray(value)) for (const item of value) addAll(item, texts, depth + 1)
  else if (isRecord(value)) {
    const spelled = referenceOfMap(value)
    if (spelled !== undefined) texts.add(spelled)
    for (const [key, child] of Object.entries(value)) {
      if (spelled === undefined || !PART_KEYS.has(key)) addAll(child, texts, depth + 1)
    }
  }
}

function isTooDeep(value: unknown, texts: ImageTexts, depth: number): boolean {
  if (depth < MAX_DEPTH || typeof value !== 'object' || value === null) return false
  texts.markTruncated()
  return true
}

function valuesAt(path: FieldPath, object: unknown, texts: ImageTexts): readonly unknown[] {
  const values = evaluate(path, object, MAX_TEXTS + 1)
  if (values.length > MAX_TEXTS) texts.markTruncated()
  return values
}

/** What stands there, each once; one empty text where nothing does. */
function distinctTexts(path: FieldPath | undefined, item: unknown, texts: ImageTexts): ReadonlySet<string> {
  const values = path === undefined ? [] : valuesAt(path, item, texts)
  const distinct = new Set(values.map(partText).filter((text) => text !== ''))
  return distinct.size === 0 ? NO_TEXT : distinct
}

const NO_TEXT: ReadonlySet<string> = new Set([''])

function pathOr<D>(absent: D, text: string | undefined, field: string): FieldPath | D {
  return text === undefined ? absent : parseFieldPath(text, field)
}
