/** What the rules look at. */
export interface KstatusObject {
  readonly metadata: { readonly generation?: number | undefined }
  readonly status?:
    | {
        readonly observedGeneration?: number | undefined
        readonly conditions?: readonly KstatusCondition[] | undefined
      }
    | undefined
}

export interface KstatusCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration?: number | undefined
  readonly lastTransitionTime?: string | undefined
}

interface Facts {
  readonly generation: number
  readonly observedGeneration: number
  readonly conditions: readonly KstatusCondition[]
  status(type: string): string | undefined
}

/** A rule returns what is wrong, or nothing. */
type Rule = (facts: Facts) => string | false | undefined

const NEGATIVE = ['Reconciling', 'Stalled']

const RULES: readonly Rule[] = [
  ({ status }) => status('Ready') === undefined && 'Ready must always be present',
  ({ status }) =>
    status('Reconciling') !== undefined &&
    status('Stalled') !== undefined &&
    'only one of Reconciling and Stalled may be present',
  ({ status }) =>
    status('Stalled') === 'True' &&
    status('Ready') !== 'False' &&
    'Ready must be False while Stalled is True',
  ({ status }) =>
    status('Reconciling') === 'True' &&
    status('Ready') === 'True' &&
    'Ready must not be True while Reconciling is True',
  ({ status }) =>
    status('Ready') === 'Unknown' &&
    status('Reconciling') !== 'True' &&
    'Ready may be Unknown only while Reconciling is True',
  ({ conditions }) => {
    const kept = conditions.filter(({ type, status }) => NEGATIVE.includes(type) && status !== 'True')
    return kept.length > 0 && `${types(kept)}: to be removed, not set to ${kept[0]?.status}`
  },
  ({ observedGeneration, generation }) =>
    observedGeneration > generation &&
    `status.observedGeneration ${observedGeneration} is above metadata.generation ${generation}`,
  ({ status, observedGeneration, generation }) =>
    (status('Ready') === 'True' || status('Stalled') === 'True') &&
    observedGeneration < generation &&
    `status.observedGeneration ${observedGeneration} is older than metadata.generation ${generation} although Ready or Stalled is True`,
  ({ status, conditions, generation }) => {
    const older = conditions.filter((condition) => (condition.observedGeneration ?? 0) !== generation)
    return (
      status('Ready') === 'True' &&
      older.length > 0 &&
      `${types(older)}: observedGeneration must be ${generation} while Ready is True`
    )
  },
  ({ conditions }) => {
    const bare = conditions.filter((condition) => (condition.observedGeneration ?? 0) < 1)
    return bare.length > 0 && `${types(bare)}: without observedGeneration`
  },
  ({ conditions }) => {
    const odd = conditions.filter(({ reason }) => !/^[A-Z][A-Za-z0-9]*$/.test(reason))
    return odd.length > 0 && `${types(odd)}: the reason must be PascalCase`
  },
  ({ conditions }) => {
    const long = conditions.filter(({ message }) => message.length > 32_768)
    return long.length > 0 && `${types(long)}: the message is longer than 32768 characters`
  },
  ({ conditions }) => {
    const undated = conditions.filter(({ lastTransitionTime }) =>
      Number.isNaN(Date.parse(lastTransitionTime ?? '')),
    )
    return undated.length > 0 && `${types(undated)}: without lastTransitionTime`
  },
  ({ conditions }) =>
    new Set(conditions.map(({ type }) => type)).size !== conditions.length && 'a condition type stands twice',
]

/**
 * Flux's rules for conditions and observedGeneration, to be asked at the end of every controller test.
 * `ended` (the default) also demands what holds once a reconciliation has returned; `running` is for looks in between.
 * @see fluxcd/pkg runtime/conditions/check (fail.go, warn.go), and operator-practice on observedGeneration when Stalled
 * @throws Error that lists every violation
 */
export function checkKstatus(object: KstatusObject, phase: 'ended' | 'running' = 'ended'): void {
  const conditions = object.status?.conditions ?? []
  const facts: Facts = {
    generation: object.metadata.generation ?? 0,
    observedGeneration: object.status?.observedGeneration ?? -1,
    conditions,
    status: (type) => conditions.find((condition) => condition.type === type)?.status,
  }
  const violations = RULES.map((rule) => rule(facts)).filter((violation) => typeof violation === 'string')
  if (phase === 'ended' && facts.status('Reconciling') === 'True' && facts.status('Ready') === 'Unknown') {
    violations.push('Ready must be False when a reconciliation has ended and Reconciling is True')
  }
  if (violations.length === 0) return
  const seen = JSON.stringify({ generation: facts.generation, status: object.status }, undefined, 2)
  throw new Error(`kstatus rules are broken:\n- ${violations.join('\n- ')}\n${seen}`)
}

function types(conditions: readonly KstatusCondition[]): string {
  return conditions.map(({ type }) => type).join(', ')
}
