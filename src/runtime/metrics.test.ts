import { expect, onTestFinished, test } from 'vitest'
import { METRICS } from '#catalogue/metrics.ts'
import { PROCESS_METRICS } from '#catalogue/process-metrics.ts'
import { Metrics } from '#runtime/metrics.ts'
import { ObjectMetrics } from '#runtime/object-metrics.ts'

function newMetrics() {
  const metrics = new Metrics()
  onTestFinished(() => metrics.close())
  const series = async (name: string) =>
    (await metrics.render()).split('\n').filter((line) => line.startsWith(`${name}{`))
  return { metrics, series }
}

const subject = { kind: 'Registry', namespace: 'ns', name: 'main' }

test('every metric of the catalogue is declared with its type and help', async () => {
  const text = await newMetrics().metrics.render()
  for (const [name, { type, means }] of Object.entries(METRICS)) {
    expect(text).toContain(`# HELP ${name} ${means}\n# TYPE ${name} ${type}\n`)
  }
})

test('the lag of the event loop is that since the last scrape', async () => {
  const { metrics } = newMetrics()
  const lag = async () => Number(/^tallyman_event_loop_lag_seconds (\S+)$/m.exec(await metrics.render())?.[1])
  await lag()
  expect(await lag()).toBeLessThan(60)
})

test('what is said about the process is what the catalogue says, and the heap stays under its limit', async () => {
  const { metrics } = newMetrics()
  metrics.observeProcess()
  const text = await metrics.render()
  const declared = [...text.matchAll(/^# TYPE ((?:process|nodejs)_\w+) (\w+)$/gm)].map(([, ...pair]) => pair)
  const documented = Object.entries(PROCESS_METRICS).map(([name, { type }]) => [name, type])
  expect(declared.toSorted()).toEqual(documented.toSorted())

  const labels = [...text.matchAll(/^((?:process|nodejs)_\w+?)(?:_bucket|_sum|_count)?\{(.*)\} /gm)]
  for (const [, name = '', pairs = ''] of labels) {
    const allowed = [...(PROCESS_METRICS[name]?.labels ?? []), 'le']
    for (const [, label] of pairs.matchAll(/(\w+)="/g)) expect(allowed).toContain(label)
  }
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(0)
  expect(value('nodejs_heap_size_used_bytes')).toBeLessThan(value('tallyman_heap_limit_bytes'))
})

test('what is a state is asked for before each scrape', async () => {
  const { metrics, series } = newMetrics()
  let depth = 1
  const labels = { cluster: 'local', resource: 'pods' }
  const end = metrics.beforeScrape(() => metrics.set('tallyman_watch_objects', labels, depth))
  const name = 'tallyman_watch_objects'
  const line = (value: number) => [`${name}{cluster="local",resource="pods"} ${value}`]
  expect(await series(name)).toEqual(line(1))
  depth = 2
  expect(await series(name)).toEqual(line(2))
  end()
  depth = 3
  expect(await series(name)).toEqual(line(2))
})

test('a condition is 1 at the status it has, and its series go with it', async () => {
  const { metrics, series } = newMetrics()
  const objects = new ObjectMetrics(metrics)
  objects.conditions(subject, [
    { type: 'Ready', status: 'False' },
    { type: 'Reconciling', status: 'True' },
  ])
  expect(await series('tallyman_resource_condition')).toHaveLength(6)
  objects.conditions(subject, [{ type: 'Ready', status: 'True' }])
  const labels = 'kind="Registry",namespace="ns",name="main",type="Ready"'
  expect(await series('tallyman_resource_condition')).toEqual([
    `tallyman_resource_condition{${labels},status="True"} 1`,
    `tallyman_resource_condition{${labels},status="False"} 0`,
    `tallyman_resource_condition{${labels},status="Unknown"} 0`,
  ])
})

test('an object that is gone leaves no series, and takes none of another', async () => {
  const { metrics, series } = newMetrics()
  const objects = new ObjectMetrics(metrics)
  const other = { ...subject, name: 'other' }
  for (const each of [subject, other]) {
    objects.conditions(each, [{ type: 'Ready', status: 'True' }])
    objects.suspended(each, true)
    const { namespace, name } = each
    objects.set(each, 'tallyman_inventory_images', [{ labels: { namespace, name }, value: 3 }])
  }
  objects.forget(subject)
  for (const name of [
    'tallyman_resource_condition',
    'tallyman_resource_suspended',
    'tallyman_inventory_images',
  ]) {
    const lines = await series(name)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter((line) => !line.includes('name="other"'))).toEqual([])
  }
})

test('a replica that stops leading shows no object any more, and all that it has when it leads again', async () => {
  const first = newMetrics()
  const second = newMetrics()
  const objects = [first, second].map(({ metrics }) => new ObjectMetrics(metrics))
  const lead = (of: ObjectMetrics | undefined) => of?.conditions(subject, [{ type: 'Ready', status: 'True' }])
  const shown = async () =>
    await Promise.all(
      [first, second].map(async ({ series }) => (await series('tallyman_resource_condition')).length),
    )
  lead(objects[0])
  expect(await shown()).toEqual([3, 0])
  objects[0]?.forgetAll()
  lead(objects[1])
  expect(await shown()).toEqual([0, 3])
  objects[1]?.forgetAll()
  lead(objects[0])
  expect(await shown()).toEqual([3, 0])
})
