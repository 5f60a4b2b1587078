import { TallymanError } from '#catalogue/error.ts'
import { isRecord } from '#inventory/json.ts'

/**
 * Where something stands in an object of a custom kind: `spec.template.spec.containers[*].image`.
 * Keys are joined by dots, and quoted where they hold anything but letters, digits and `_ - / $ :`: `["example.com/image"]`.
 * `[*]` is every item of a list or every value of a map, `[0]` one item of a list.
 */
export interface FieldPath {
  readonly source: string
  readonly steps: readonly Step[]
}

type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'item'; readonly index: number }
  | { readonly kind: 'all' }

/** The whole object. */
export const ROOT: FieldPath = { source: '', steps: [] }

/** In UTF-16 units, as the CRD has it. */
const MAX_LENGTH = 512
const MAX_STEPS = 32
/** More digits than any list has items. */
const MAX_INDEX_DIGITS = 7
const KEY = /[\w$/:-]/
const DIGIT = /[0-9]/

/**
 * @param field what the user calls it, for the message
 * @throws SPEC_INVALID names the position, from 1, what was expected there and what stands there
 */
export function parseFieldPath(source: string, field = 'path'): FieldPath {
  if (source.length > MAX_LENGTH) {
    throw new TallymanError('SPEC_INVALID', `${field}: longer than ${MAX_LENGTH} characters`)
  }
  return { source, steps: new PathReader(source, field).read() }
}

/**
 * What stands at `path`, in the order of the object; nothing where the object has another shape. `value` is JSON, which
 * is what bounds the time.
 * @param limit no more values than this
 */
export function evaluate(path: FieldPath, value: unknown, limit = 10_000): unknown[] {
  const found: unknown[] = []
  walk(path.steps, 0, value, found, limit)
  return found
}

function walk(steps: readonly Step[], depth: number, value: unknown, found: unknown[], limit: number): void {
  const step = steps[depth]
  if (step === undefined) {
    found.push(value)
    return
  }
  for (const child of childrenAt(step, value)) {
    if (found.length >= limit) return
    walk(steps, depth + 1, child, found, limit)
  }
}

function childrenAt(step: Step, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'all':
      if (Array.isArray(value)) return value
      return isRecord(value) ? Object.values(value) : []
    case 'item':
      return Array.isArray(value) && step.index < value.length ? [value[step.index]] : []
    case 'key':
      return isRecord(value) && Object.hasOwn(value, step.key) ? [value[step.key]] : []
  }
}

class PathReader {
  readonly #source: string
  readonly #field: string
  #at = 0

  constructor(source: string, field: string) {
    this.#source = source
    this.#field = field
  }

  read(): Step[] {
    const steps: Step[] = []
    do {
      if (steps.length === MAX_STEPS) throw this.#error(`no more than ${MAX_STEPS} steps`)
      steps.push(this.#step(steps.length === 0))
    } while (this.#at < this.#source.length)
    return steps
  }

  #step(isFirst: boolean): Step {
    if (this.#take('[')) return this.#bracket()
    if (!isFirst && !this.#take('.')) throw this.#error('a dot, [ or the end')
    const key = this.#run(KEY)
    if (key === '') throw this.#error(isFirst ? 'a key or [' : 'a key')
    return { kind: 'key', key }
  }

  #bracket(): Step {
    const step = this.#bracketed()
    if (!this.#take(']')) throw this.#error(']')
    return step
  }

  #bracketed(): Step {
    if (this.#take('*')) return { kind: 'all' }
    if (this.#take('"')) return { kind: 'key', key: this.#quoted() }
    const digits = this.#run(DIGIT)
    if (digits === '') throw this.#error('*, a number or a key in double quotes')
    if (digits.length > MAX_INDEX_DIGITS) throw this.#error(`no more than ${MAX_INDEX_DIGITS} digits`)
    return { kind: 'item', index: Number(digits) }
  }

  /** Behind the opening quote; `\` makes the next character stand for itself. */
  #quoted(): string {
    let key = ''
    while (!this.#take('"')) {
      if (this.#take('\\') && this.#at === this.#source.length) throw this.#error('a character')
      if (this.#at === this.#source.length) throw this.#error('a closing double quote')
      key += this.#source.charAt(this.#at)
      this.#at += 1
    }
    return key
  }

  #take(character: string): boolean {
    if (this.#source.charAt(this.#at) !== character) return false
    this.#at += 1
    return true
  }

  #run(pattern: RegExp): string {
    const start = this.#at
    while (this.#at < this.#source.length && pattern.test(this.#source.charAt(this.#at))) this.#at += 1
    return this.#source.slice(start, this.#at)
  }

  #error(expected: string): TallymanError {
    const found = this.#at < this.#source.length ? JSON.stringify(this.#source.charAt(this.#at)) : 'the end'
    const path = JSON.stringify(this.#source)
    return new TallymanError(
      'SPEC_INVALID',
      `${this.#field}: ${path} at position ${this.#at + 1}: expected ${expected}, found ${found}`,
    )
  }
}
