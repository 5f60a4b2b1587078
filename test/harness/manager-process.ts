import { pino } from 'pino'
import { RegistryStatus } from '#crds/registry.ts'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import { Controller } from '#runtime/controller.ts'
import { customObjectReader } from '#runtime/custom-object.ts'
import { enqueueOwn } from '#runtime/enqueue.ts'
import { EventRecorder } from '#runtime/events.ts'
import { LeaderElector } from '#runtime/leader-election.ts'
import { Manager } from '#runtime/manager.ts'
import { Metrics } from '#runtime/metrics.ts'
import { ResourceWatch } from '#runtime/resource-watch.ts'
import { DONE } from '#runtime/result.ts'
import { shutdownSignal } from '#runtime/signals.ts'
import { runTerm } from '#runtime/term.ts'
import { cachesSynced, watchesLive, workersLive } from '#server/probes.ts'
import { ReportRoutes } from '#server/report-routes.ts'
import { Server } from '#server/server.ts'
import { systemClock } from '#time/clock.ts'

/**
 * The smallest operator: one controller over Registries, whose work takes a second and ends with an event. For tests
 * of starting and stopping. Arguments: kubeconfig, namespace to watch, identity. Says what it does, one line each.
 */
const [kubeconfig = '', namespace = '', identity = ''] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)

const registries = {
  group: 'tallyman.dev',
  version: 'v1alpha1',
  plural: 'registries',
  kind: 'Registry',
  namespaced: true,
}
const clock = systemClock
const log = pino({ level: 'warn' }, pino.destination(2))
const metrics = new Metrics()
const shutdown = shutdownSignal(log)
const connection = await connect({ kubeconfig, clock })
const leaseConnection = await connect({ kubeconfig, clock })
const watch = new ResourceWatch({
  connection,
  resource: registries,
  namespace,
  read: customObjectReader(registries, RegistryStatus),
  clock,
  log,
  metrics,
})
const controllers: Controller[] = []
const elector = new LeaderElector({
  client: new KubeClient(leaseConnection),
  lease: { namespace: 'tallyman-system', name: 'managed' },
  identity,
  times: { leaseDurationMs: 6_000, renewDeadlineMs: 4_000, retryPeriodMs: 300 },
  clock,
  log,
  metrics,
  lead: (term) => {
    say('leading')
    return runTerm(controllers, term, clock)
  },
})
const events = new EventRecorder({
  client: new KubeClient(connection),
  fence: elector,
  clock,
  log,
  instance: identity,
})
const controller = new Controller({
  name: 'registry',
  clock,
  log,
  metrics,
  keys: () => watch.store.keys(),
  reconcile: async (key, { signal }) => {
    say(`began ${key}`)
    await clock.sleep(1_000, signal)
    const object = watch.store.get(key)
    if (object !== undefined) events.record(object, 'RegistryReachable', 'worked on')
    say(`ended ${key}`)
    return DONE
  },
})
controllers.push(controller)
enqueueOwn(watch.store, controller)
const server = new Server({
  host: '127.0.0.1',
  port: 0,
  live: [workersLive(controllers), watchesLive(() => [watch], clock)],
  ready: [cachesSynced([watch])],
  metrics,
  routes: [new ReportRoutes({ check: () => undefined, defaultCheck: undefined }, systemClock)],
})
const announced = {
  start: async () => {
    await server.start()
    say(`serving ${server.url}`)
  },
  stop: () => server.stop(),
}
const manager = new Manager({
  services: [announced],
  caches: [watch],
  controllers,
  elector,
  events,
  clock,
  log,
})
await manager.run(shutdown)
await Promise.all([connection.close(), leaseConnection.close()])
metrics.close()
say('stopped')
