import { expect, onTestFinished, test } from 'vitest'
import { METRICS } from '#catalogue/metrics.ts'
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

test('what is a state is asked for before each scrape', async () => {
  const { metrics, series } = newMetrics()
  let depth = 1
  const end = metrics.beforeScrape(() => metrics.set('workqueue_depth', { name: 'q' }, depth))
  expect(await series('workqueue_depth')).toEqual(['workqueue_depth{name="q"} 1'])
  depth = 2
  expect(await series('workqueue_depth')).toEqual(['workqueue_depth{name="q"} 2'])
  end()
  depth = 3
  expect(await series('workqueue_depth')).toEqual(['workqueue_depth{name="q"} 2'])
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
