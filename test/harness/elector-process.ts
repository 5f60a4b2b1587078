import { pino } from 'pino'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import { EVENTS } from '#kube/resource.ts'
import { LeaderElector } from '#runtime/leader-election.ts'
import { Metrics } from '#runtime/metrics.ts'
import { aborted } from '#runtime/term.ts'
import { systemClock } from '#time/clock.ts'

/**
 * A process of its own that stands for election and, while it may, writes an event every 100 ms: for tests that freeze
 * it. Arguments: kubeconfig, identity, lease duration, renew deadline and retry period in ms. Says `leading` and
 * `standby`, one a line.
 */
const [kubeconfig = '', identity = '', ...times] = process.argv.slice(2)
const [leaseDurationMs = 0, renewDeadlineMs = 0, retryPeriodMs = 0] = times.map(Number)

const connection = await connect({ kubeconfig, clock: systemClock })
const client = new KubeClient(connection)
const elector = new LeaderElector({
  client,
  lease: { namespace: 'tallyman-system', name: 'frozen' },
  identity,
  times: { leaseDurationMs, renewDeadlineMs, retryPeriodMs },
  clock: systemClock,
  log: pino({ level: 'silent' }),
  metrics: new Metrics(),
  lead: async (term) => {
    process.stdout.write('leading\n')
    await aborted(term)
    process.stdout.write('standby\n')
  },
})
void elector.run()

for (let n = 0; ; n += 1) {
  if (mayWrite()) await client.create(EVENTS, event(n))
  await systemClock.sleep(100)
}

function mayWrite(): boolean {
  try {
    elector.assertLeader()
    return true
  } catch {
    return false
  }
}

function event(n: number) {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace: 'default', name: `${identity}.${n}` },
    eventTime: new Date().toISOString().replace('Z', '000Z'),
    type: 'Normal',
    reason: 'Written',
    action: 'Write',
    note: 'by the leader',
    reportingController: 'tallyman.dev/test',
    reportingInstance: identity,
    regarding: { apiVersion: 'v1', kind: 'Namespace', name: 'default', namespace: 'default' },
  }
}
