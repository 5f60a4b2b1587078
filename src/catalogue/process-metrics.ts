import type { MetricEntry } from '#catalogue/metrics.ts'

const gauge = (means: string, ...labels: string[]): MetricEntry => ({ type: 'gauge', labels, means })
const counter = (means: string): MetricEntry => ({ type: 'counter', labels: [], means })

/** What prom-client says about the process, under the names that dashboards of other Node services use too. */
export const PROCESS_METRICS: Readonly<Record<string, MetricEntry>> = {
  process_cpu_user_seconds_total: counter('CPU time in user mode.'),
  process_cpu_system_seconds_total: counter('CPU time in the kernel.'),
  process_cpu_seconds_total: counter('CPU time of both.'),
  process_start_time_seconds: gauge('When the process began, seconds since the epoch.'),
  process_resident_memory_bytes: gauge(
    'Memory that the process occupies: what a limit of the container counts.',
  ),
  process_virtual_memory_bytes: gauge('Address space.'),
  process_heap_bytes: gauge('Data segment.'),
  process_open_fds: gauge('Open file descriptors: connections, mostly.'),
  process_max_fds: gauge('Limit of open file descriptors.'),
  nodejs_eventloop_lag_seconds: gauge('Delay of the event loop at the scrape.'),
  nodejs_eventloop_lag_min_seconds: gauge('Delay of the event loop, minimum since the last scrape.'),
  nodejs_eventloop_lag_max_seconds: gauge('Delay of the event loop, maximum since the last scrape.'),
  nodejs_eventloop_lag_mean_seconds: gauge('Delay of the event loop, mean since the last scrape.'),
  nodejs_eventloop_lag_stddev_seconds: gauge(
    'Delay of the event loop, standard deviation since the last scrape.',
  ),
  nodejs_eventloop_lag_p50_seconds: gauge('Delay of the event loop, median since the last scrape.'),
  nodejs_eventloop_lag_p90_seconds: gauge('Delay of the event loop, 90th percentile since the last scrape.'),
  nodejs_eventloop_lag_p99_seconds: gauge('Delay of the event loop, 99th percentile since the last scrape.'),
  nodejs_active_resources: gauge('What keeps the process alive, by type.', 'type'),
  nodejs_active_resources_total: gauge('What keeps the process alive.'),
  nodejs_active_handles: gauge('Open handles, by type.', 'type'),
  nodejs_active_handles_total: gauge('Open handles.'),
  nodejs_active_requests: gauge('Requests to the kernel under way, by type.', 'type'),
  nodejs_active_requests_total: gauge('Requests to the kernel under way.'),
  nodejs_heap_size_total_bytes: gauge('Heap that V8 has reserved.'),
  nodejs_heap_size_used_bytes: gauge('Heap in use, with what the next garbage collection frees.'),
  nodejs_external_memory_bytes: gauge('Memory of buffers outside the heap.'),
  nodejs_heap_space_size_total_bytes: gauge('Reserved heap, by space.', 'space'),
  nodejs_heap_space_size_used_bytes: gauge('Heap in use, by space.', 'space'),
  nodejs_heap_space_size_available_bytes: gauge('Free heap, by space.', 'space'),
  nodejs_version_info: gauge('1, with the version of Node.', 'version', 'major', 'minor', 'patch'),
  nodejs_gc_duration_seconds: {
    type: 'histogram',
    labels: ['kind'],
    means: 'Duration of garbage collections, by kind (major, minor, incremental, weakcb).',
  },
}
