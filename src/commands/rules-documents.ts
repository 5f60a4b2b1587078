import { parseAllDocuments } from 'yaml'

/** A document of a file. */
export interface RulesDocument {
  readonly content: unknown
  /** For people: `document 2 (RegistryPolicy shop/web)`. */
  readonly name: string
  /** Where rules stand in it; undefined: nowhere. */
  readonly rulesAt: 'rules' | 'spec.rules' | undefined
}

const POLICY = 'RegistryPolicy'

/**
 * What stands between the `---` of a text, as kustomize and helm write it, and in a List, as kubectl does. Empty ones are left out.
 * @throws the error of the parser where it is no YAML
 */
export function rulesDocuments(text: string): RulesDocument[] {
  const contents = [...parseAllDocuments(text)].map((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS()
  })
  return contents
    .filter((content) => content !== null)
    .flatMap((content) => itemsOf(content))
    .map((content, at) => ({ content, name: nameOf(content, at + 1), rulesAt: placeOfRules(content) }))
}

function itemsOf(content: unknown): readonly unknown[] {
  return isObject(content) && content.kind === 'List' && Array.isArray(content.items)
    ? content.items
    : [content]
}

/** Other kinds have rules too, such as a ClusterRole. */
function placeOfRules(content: unknown): RulesDocument['rulesAt'] {
  if (!isObject(content) || !(content.kind === undefined || content.kind === POLICY)) return undefined
  if ('rules' in content) return 'rules'
  return 'spec' in content ? 'spec.rules' : undefined
}

function nameOf(content: unknown, number: number): string {
  if (!isObject(content) || typeof content.kind !== 'string') return `document ${number}`
  const { kind, metadata } = content
  const { namespace, name } = isObject(metadata) ? metadata : {}
  const key = [namespace, name].filter((part) => typeof part === 'string').join('/')
  return `document ${number} (${key === '' ? kind : `${kind} ${key}`})`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
