import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { TallymanError } from '#catalogue/error.ts'
import { METRICS, type MetricEntry, type MetricName } from '#catalogue/metrics.ts'

type OfType<T extends MetricEntry['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never
}[MetricName]
export type CounterName = OfType<'counter'>
export type GaugeName = OfType<'gauge'>
export type HistogramName = OfType<'histogram'>
export type LabelOf<N extends MetricName> = (typeof METRICS)[N]['labels'][number]
/** Exactly the labels that the catalogue declares. */
export type LabelsOf<N extends MetricName> = Readonly<Record<LabelOf<N>, string>>

/** Every metric of the catalogue, in a registry of its own: two operators in one test process do not share numbers. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #counters = new Map<MetricName, Counter>()
  readonly #gauges = new Map<MetricName, Gauge>()
  readonly #histograms = new Map<MetricName, Histogram>()
  readonly #collectors = new Set<() => void>()
  readonly #loopDelay = monitorEventLoopDelay({ resolution: 20 })

  constructor() {
    for (const [name, entry] of Object.entries<MetricEntry>(METRICS)) {
      if (isMetricName(name)) this.#declare(name, entry)
    }
    this.#loopDelay.enable()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Adds to a counter; 0 makes the series visible before the first event. */
  count<N extends CounterName>(name: N, labels: LabelsOf<N>, by = 1): void {
    held(this.#counters, name).inc({ ...labels }, by)
  }

  set<N extends GaugeName>(name: N, labels: LabelsOf<N>, value: number): void {
    held(this.#gauges, name).set({ ...labels }, value)
  }

  adjust<N extends GaugeName>(name: N, labels: LabelsOf<N>, by: number): void {
    held(this.#gauges, name).inc({ ...labels }, by)
  }

  /** Removes one series of a gauge: its subject is gone. */
  remove<N extends GaugeName>(name: N, labels: LabelsOf<N>): void {
    held(this.#gauges, name).remove({ ...labels })
  }

  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, value: number): void {
    held(this.#histograms, name).observe({ ...labels }, value)
  }

  /** `collect` runs before each scrape, for what is a state and not an event. The returned function takes it away. */
  beforeScrape(collect: () => void): () => void {
    this.#collectors.add(collect)
    return () => this.#collectors.delete(collect)
  }

  /** Adds the metrics of the process (PROCESS_METRICS). Once in a process: what prom-client measures for it never ends. */
  observeProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
  }

  /** The text exposition of everything. */
  async render(): Promise<string> {
    this.set('tallyman_event_loop_lag_seconds', {}, this.#loopDelay.max / 1e9)
    this.#loopDelay.reset()
    this.set('tallyman_heap_limit_bytes', {}, getHeapStatistics().heap_size_limit)
    for (const collect of this.#collectors) collect()
    return await this.#registry.metrics()
  }

  /** Stops the measurement of the event loop, which otherwise goes on for the life of the process. */
  close(): void {
    this.#loopDelay.disable()
  }

  #declare(name: MetricName, entry: MetricEntry): void {
    const configuration = {
      name,
      help: entry.means,
      labelNames: [...entry.labels],
      registers: [this.#registry],
    }
    if (entry.type === 'counter') this.#counters.set(name, new Counter(configuration))
    if (entry.type === 'gauge') this.#gauges.set(name, new Gauge(configuration))
    if (entry.type === 'histogram') {
      const buckets = entry.buckets === undefined ? {} : { buckets: [...entry.buckets] }
      this.#histograms.set(name, new Histogram({ ...configuration, ...buckets }))
    }
  }
}

function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name)
}

function held<T>(handles: ReadonlyMap<MetricName, T>, name: MetricName): T {
  const handle = handles.get(name)
  if (handle === undefined) throw new TallymanError('INTERNAL', `no metric ${name}`)
  return handle
}
