import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { Inventories } from '#clusters/inventories.ts'
import type { OperatorOptions } from '#commands/operator.ts'
import { CheckAgeController } from '#controllers/check-age-controller.ts'
import { CheckRecords } from '#controllers/check-records.ts'
import { CheckReporter } from '#controllers/check-reporter.ts'
import { CheckReports } from '#controllers/check-reports.ts'
import { CheckRunner } from '#controllers/check-runner.ts'
import { CheckWorkspace } from '#controllers/check-workspace.ts'
import { ImageInventoryController } from '#controllers/image-inventory-controller.ts'
import { InventorySetup } from '#controllers/inventory-setup.ts'
import { RegistryAccess } from '#controllers/registry-access.ts'
import { CHECK_BACKOFF, RegistryCheckController } from '#controllers/registry-check-controller.ts'
import { PROBE_BACKOFF, RegistryController } from '#controllers/registry-controller.ts'
import { POLICY_BACKOFF } from '#controllers/registry-policy-controller.ts'
import { IMAGE_INVENTORIES, REGISTRIES, REGISTRY_CHECKS, REGISTRY_POLICIES } from '#controllers/resources.ts'
import { SecretCache } from '#controllers/secret-cache.ts'
import { wake } from '#controllers/wake.ts'
import { wakePolicies } from '#controllers/wake-policies.ts'
import { WorkspaceTries } from '#controllers/workspace-tries.ts'
import { ImageInventoryStatus } from '#crds/image-inventory.ts'
import { RegistryStatus } from '#crds/registry.ts'
import { RegistryCheckStatus } from '#crds/registry-check.ts'
import { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import type { Log } from '#kube/log.ts'
import { RegistryPool } from '#registry/pool.ts'
import { Controller } from '#runtime/controller.ts'
import { customObjectReader } from '#runtime/custom-object.ts'
import { EventRecorder } from '#runtime/events.ts'
import { LeaderElector } from '#runtime/leader-election.ts'
import { createLogger } from '#runtime/logger.ts'
import { Manager, type Service } from '#runtime/manager.ts'
import { Metrics } from '#runtime/metrics.ts'
import { ObjectMetrics } from '#runtime/object-metrics.ts'
import { ResourceWatch } from '#runtime/resource-watch.ts'
import { shutdownSignal } from '#runtime/signals.ts'
import { StatusWriter } from '#runtime/status-writer.ts'
import { runTerm } from '#runtime/term.ts'
import { watchObserver } from '#runtime/watch-metrics.ts'
import { PlanRoutes } from '#server/plan-routes.ts'
import { cachesSynced, inventoriesSeen, watchesLive, workersLive } from '#server/probes.ts'
import { ReportRoutes } from '#server/report-routes.ts'
import type { ReportSource } from '#server/report-source.ts'
import { Server } from '#server/server.ts'
import { systemClock } from '#time/clock.ts'
import { assemblePolicies } from './operator-policies.ts'
import { version } from './version.ts'

/** Checks of different objects that run side by side; what they ask of one registry is limited by its client. */
const CHECKS_AT_ONCE = 4
const PROBES_AT_ONCE = 4
/** Most of what is done for one is to look: few of them are worked on at once (RegistryPolicyController). */
const POLICIES_AT_ONCE = 8
/** Longer than this a term does not wait for the first list of pods: that it is missing must be said. */
const FIRST_LIST_MS = 15_000
/** A run has its own limit, spec.timeout; this one only ends what does not obey it. */
const CHECK_TIMEOUT_MS = 25 * 3_600_000
/** A run has its own limit, spec.maxDuration, and a first sweep of a large registry may take days. */
const POLICY_TIMEOUT_MS = 31 * 24 * 3_600_000

/** Puts the operator together and runs it until SIGTERM or SIGINT. */
export async function runOperator(options: OperatorOptions): Promise<void> {
  const clock = systemClock
  const log = createLogger({ level: options.logLevel })
  process.on('unhandledRejection', (err) => {
    log.fatal({ err }, 'a rejection that nobody handled: a defect')
    process.exit(1)
  })
  const shutdown = shutdownSignal(log)
  log.info({ version: version() }, 'starting')

  const source = { kubeconfig: options.kubeconfig, context: options.context, clock }
  const connection = await connect(source)
  // The Lease must not wait behind the requests of everything else.
  const leaseConnection = await connect(source)
  const client = new KubeClient(connection)
  const metrics = new Metrics()
  metrics.observeProcess()
  const identity = `${hostname()}_${randomUUID()}`

  const watch = { connection, clock, log, metrics }
  const registries = new ResourceWatch({
    ...watch,
    resource: REGISTRIES,
    read: customObjectReader(REGISTRIES, RegistryStatus),
  })
  const inventories = new ResourceWatch({
    ...watch,
    resource: IMAGE_INVENTORIES,
    read: customObjectReader(IMAGE_INVENTORIES, ImageInventoryStatus),
  })
  const checks = new ResourceWatch({
    ...watch,
    resource: REGISTRY_CHECKS,
    read: customObjectReader(REGISTRY_CHECKS, RegistryCheckStatus),
  })
  const policies = new ResourceWatch({
    ...watch,
    resource: REGISTRY_POLICIES,
    read: customObjectReader(REGISTRY_POLICIES, RegistryPolicyStatus),
  })
  const caches = [registries, inventories, policies, checks]

  const elector: LeaderElector = new LeaderElector({
    client: new KubeClient(leaseConnection),
    lease: { namespace: options.namespace, name: 'tallyman' },
    identity,
    times: {
      leaseDurationMs: options.leaseDuration,
      renewDeadlineMs: options.renewDeadline,
      retryPeriodMs: options.retryPeriod,
    },
    clock,
    log,
    metrics,
    lead: async (term) => {
      const keeping = live.lead(term)
      await firstList(live, term)
      const policing = policy.lead(term)
      await runTerm(all, term, clock).finally(() => deps.objectMetrics.forgetAll())
      await Promise.all([keeping, policing])
    },
  })
  const events = new EventRecorder({ client, fence: elector, clock, log, instance: identity })
  const pool = registryPool(metrics, log)
  const secrets = new SecretCache(client, clock)
  const access = new RegistryAccess(pool, secrets, process.env)
  const live = new Inventories({
    ledger: { client, fence: elector, namespace: options.namespace },
    clock,
    log,
    observer: (cluster, source) => watchObserver(metrics, clock, cluster, source),
  })
  const setup = new InventorySetup({
    ...{ secrets, local: connection, store: inventories.store, inventories: live, clock, log },
  })
  const deps = {
    clock,
    status: new StatusWriter(client, elector),
    fence: elector,
    events,
    objectMetrics: new ObjectMetrics(metrics),
  }
  const stores = { checks: checks.store, registries: registries.store, inventories: inventories.store }

  const common = { clock, log, metrics }
  const reporter = new CheckReporter(deps)
  const tries = new WorkspaceTries()
  const registry = new RegistryController(deps, access, registries.store, tries)
  const imageInventory = new ImageInventoryController(deps, live, inventories.store, registries.store)
  const reports = new CheckReports(checks.store, reporter)
  const workspace = new CheckWorkspace({ ...deps, access, registries: registries.store, tries, log })
  const runner = new CheckRunner({ access, live, registries: registries.store, clock })
  const records = new CheckRecords({ live, reports, workspace })
  const registryCheck = new RegistryCheckController({
    ...{ deps, reporter, access, live, stores, runner, records },
  })
  const policyStores = {
    policies: policies.store,
    registries: registries.store,
    inventories: inventories.store,
  }
  const policy = assemblePolicies({
    ...{ deps, access, live, stores: policyStores, tries, client, log },
    ...{ namespace: options.namespace, identity, claimInterval: options.claimInterval },
  })
  const controllers = {
    registry: new Controller({
      ...common,
      name: 'registry',
      concurrency: PROBES_AT_ONCE,
      backoff: PROBE_BACKOFF,
      keys: () => registries.store.keys(),
      beginTerm: registry.beginTerm,
      reconcile: registry.reconcile,
    }),
    imageInventory: new Controller({
      ...common,
      name: 'imageinventory',
      keys: () => inventories.store.keys(),
      beginTerm: imageInventory.beginTerm,
      reconcile: imageInventory.reconcile,
    }),
    registryCheck: new Controller({
      ...common,
      name: 'registrycheck',
      concurrency: CHECKS_AT_ONCE,
      timeoutMs: CHECK_TIMEOUT_MS,
      backoff: CHECK_BACKOFF,
      keys: () => checks.store.keys(),
      beginTerm: registryCheck.beginTerm,
      reconcile: registryCheck.reconcile,
    }),
    registryPolicy: new Controller({
      ...common,
      name: 'registrypolicy',
      concurrency: POLICIES_AT_ONCE,
      timeoutMs: POLICY_TIMEOUT_MS,
      backoff: POLICY_BACKOFF,
      keys: () => policies.store.keys(),
      beginTerm: policy.controller.beginTerm,
      reconcile: policy.controller.reconcile,
    }),
    checkAge: new Controller({
      ...common,
      name: 'registrycheck-age',
      backoff: CHECK_BACKOFF,
      keys: () => checks.store.keys(),
      reconcile: new CheckAgeController(deps, reporter, checks.store).reconcile,
    }),
  }
  const all = Object.values(controllers)
  wake(stores, live, controllers)
  wakePolicies(policyStores, live, controllers.registryPolicy)
  tries.onChange((key) => controllers.registry.enqueue(key))

  const server = new Server({
    ...options.listen,
    live: [workersLive(all), watchesLive(() => [...caches, ...live.loops()], clock)],
    ready: [cachesSynced(caches), inventoriesSeen(caches, () => [...setup.pending, ...live.unseen()], clock)],
    metrics,
    routes: [
      new ReportRoutes(reportSource(reports, options.defaultCheck), clock),
      new PlanRoutes({
        plan: (namespace, name) => policy.plans.packed(namespace, name),
        readBack: (namespace, name) => policy.plans.readBack(namespace, name),
      }),
    ],
  })
  const services = [announced(server, log), asService(setup, live)]
  const manager = new Manager({ services, caches, controllers: all, elector, events, clock, log })
  try {
    await manager.run(shutdown)
  } finally {
    await pool.close()
    await Promise.all([connection.close(), leaseConnection.close()])
    metrics.close()
  }
}

function reportSource(reports: CheckReports, defaultCheck: string | undefined): ReportSource {
  return { check: (namespace, name) => reports.check(namespace, name), defaultCheck }
}

/** Gives the clusters that answer a moment to be listed, so that a restart does not call an inventory incomplete for a second. */
async function firstList(live: Inventories, term: AbortSignal): Promise<void> {
  const patience = AbortSignal.any([term, AbortSignal.timeout(FIRST_LIST_MS)])
  try {
    await Promise.all(live.all().map((inventory) => inventory.live.whenSettled(patience)))
  } catch (error) {
    if (!patience.aborted) throw error
  }
}

/** Nobody waits for the lists to be complete: whether they are, is a condition. The ledgers are written while the lease is still held. */
function asService(setup: InventorySetup, live: Inventories): Service {
  return {
    start: async () => setup.start(),
    stop: async () => {
      await setup.stop()
      await live.stop()
    },
  }
}

function registryPool(metrics: Metrics, log: Log): RegistryPool {
  return new RegistryPool({
    clock: systemClock,
    userAgent: `tallyman/${version()}`,
    log,
    observer: {
      finished: ({ host, method, status, durationMs }) => {
        metrics.count('tallyman_registry_requests_total', { host, method, code: String(status) })
        metrics.observe('tallyman_registry_request_duration_seconds', { host, method }, durationMs / 1000)
      },
    },
  })
}

/** The server, saying where it listens once it does: with port 0 nobody else knows. */
function announced(server: Server, log: Log): Service {
  return {
    start: async () => {
      await server.start()
      log.info({ url: server.url }, 'listening')
    },
    stop: () => server.stop(),
  }
}
