/** One measured figure with its aim. */
export interface Figure {
  /** `group.name` */
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly aim: { readonly op: '<=' | '>=' | '='; readonly value: number }
  /** What was run beside it, and what that took: the figures that the value is made from. */
  readonly beside: Readonly<Record<string, number | string>>
  /** What tests came to is true of the commit that they ran on, and says nothing of another one. */
  readonly countedAt?: { readonly commit: string; readonly isHere: boolean }
}

export function isMet({ value, aim, countedAt }: Figure): boolean {
  if (countedAt?.isHere === false) return false
  if (aim.op === '<=') return value <= aim.value
  return aim.op === '>=' ? value >= aim.value : value === aim.value
}

/** `BENCH read.cpu 1.12 x aim <= 1.3 met` */
export function figureLine(figure: Figure): string {
  const { name, value, unit, aim } = figure
  return `BENCH ${name} ${rounded(value)} ${unit} aim ${aim.op} ${aim.value} ${isMet(figure) ? 'met' : 'missed'}`
}

export function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** The value below which `share` of all lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
