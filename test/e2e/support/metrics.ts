/** One line of /metrics. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Scrapes an operator, in the Prometheus text format. */
export async function scrape(operatorUrl: string): Promise<Sample[]> {
  const response = await fetch(`${operatorUrl}/metrics`, { signal: AbortSignal.timeout(5_000) })
  if (!response.ok) throw new Error(`/metrics answers ${response.status}`)
  return (await response.text()).split('\n').flatMap(parseLine)
}

/** The values of one metric by the labels in `by`, of the series that have `labels`. */
export function valuesBy(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>>,
  by: readonly string[],
): Record<string, number> {
  const matching = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )
  return Object.fromEntries(
    matching.map((sample) => [by.map((label) => sample.labels[label]).join(' '), sample.value]),
  )
}

function parseLine(line: string): Sample[] {
  const [, name, labels = '', value] = /^([a-z_:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === undefined || value === undefined) return []
  const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)]
  return [
    {
      name,
      labels: Object.fromEntries(pairs.map(([, key = '', text = '']) => [key, text])),
      value: Number(value),
    },
  ]
}
