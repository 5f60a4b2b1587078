import type { Inventories } from '#clusters/inventories.ts'
import { LeftLedgers } from '#clusters/left-ledgers.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import { EvictedRestorer } from '#controllers/evicted-restorer.ts'
import { EvictedWatch } from '#controllers/evicted-watch.ts'
import { PolicyAnchors } from '#controllers/policy-anchors.ts'
import { PolicyCarrier } from '#controllers/policy-carrier.ts'
import { PolicyHolds } from '#controllers/policy-holds.ts'
import { PolicyLeftovers } from '#controllers/policy-leftovers.ts'
import { PolicyMemories } from '#controllers/policy-memory.ts'
import { PolicyPast } from '#controllers/policy-past.ts'
import { PolicyPlans } from '#controllers/policy-plans.ts'
import { PolicyRecords } from '#controllers/policy-records.ts'
import { PolicyReporter } from '#controllers/policy-reporter.ts'
import { PolicyReturns } from '#controllers/policy-returns.ts'
import { PolicyRuns } from '#controllers/policy-runs.ts'
import { PolicyUndo } from '#controllers/policy-undo.ts'
import { PolicyWork } from '#controllers/policy-work.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import { RegistryClaims } from '#controllers/registry-claims.ts'
import { RegistryIndexes } from '#controllers/registry-indexes.ts'
import {
  RegistryPolicyController,
  type RegistryPolicyStores,
} from '#controllers/registry-policy-controller.ts'
import type { WorkspaceTries } from '#controllers/workspace-tries.ts'
import { KnownCapabilities } from '#evict/capabilities.ts'
import { claimTimes } from '#evict/claim.ts'
import { KnownJournals } from '#evict/known-journals.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Log } from '#kube/log.ts'
import { keyOf } from '#runtime/object-key.ts'
import { version } from './version.ts'

export interface PolicyAssemblyParts {
  readonly deps: ControllerDeps
  readonly access: RegistryAccess
  readonly live: Inventories
  readonly stores: RegistryPolicyStores
  readonly tries: WorkspaceTries
  readonly client: KubeClient
  /** The namespace of the operator. */
  readonly namespace: string
  /** Of this process alone. */
  readonly identity: string
  /** Between two looks at the claims of others, ms. */
  readonly claimInterval: number
  readonly log: Log
}

/** Everything that RegistryPolicies take, put together. */
export function assemblePolicies({ deps, access, live, stores, tries, ...more }: PolicyAssemblyParts) {
  const { client, namespace, identity, claimInterval, log } = more
  const { clock, fence } = deps
  const { policies, registries, inventories } = stores
  const common = { access, registries, journals: new KnownJournals(), fence, clock, log }
  const reporter = new PolicyReporter(deps)
  const left = new LeftLedgers({
    ...{ client, namespace },
    inventories: () => inventories.list().map(keyOf),
  })
  const claims = new RegistryClaims({
    ...common,
    live,
    left,
    wanted: () => inventories.list().map(keyOf),
    policies,
    client,
    operator: namespace,
    process: identity,
    times: claimTimes(claimInterval),
  })
  const memories = new PolicyMemories({ ...common, tries })
  const records = new PolicyRecords(memories, clock)
  const plans = new PolicyPlans({ ...common, policies, reporter, tries })
  const restorer = new EvictedRestorer(common)
  const indexes = new RegistryIndexes(access, clock)
  const watch: EvictedWatch = new EvictedWatch({
    ...{ live, registries, restorer, indexes, clock, log },
    claimsOf: (registry) => claims.claimsOf(registry),
    told: (policy, back, pending) => returns.cameIntoUse(policy, back, pending),
  })
  const holds = new PolicyHolds(policies, deps.objectMetrics)
  const undo = new PolicyUndo({ restorer, watch, holds, clock })
  const returns = new PolicyReturns({
    ...{ deps, restorer, undo, holds, records, reporter, policies, registries, log },
  })
  const carrier = new PolicyCarrier({
    ...{ ...common, claims, live, inventories, left, indexes, policies },
    capabilities: new KnownCapabilities(clock),
    heldBecause: (policy) => undo.heldBecause(policy),
  })
  const runs = new PolicyRuns({ carrier, records, undo, clock, log })
  const leftovers = new PolicyLeftovers({ carrier, records, undo, clock, log })
  const past = new PolicyPast({ access, registries, memories, undo, leftovers, returns, clock, log })
  const anchors = new PolicyAnchors(common)
  const work = new PolicyWork({
    ...{
      access,
      registries,
      live,
      claims,
      memories,
      records,
      plans,
      runs,
      leftovers,
      anchors,
      undo,
      past,
      left,
      clock,
      log,
    },
    version: version(),
  })
  const controller = new RegistryPolicyController({ deps, reporter, stores, live, work, past })
  return {
    controller,
    plans,
    /** What goes on beside the controller while this process leads; resolves when the term has ended. */
    lead: async (term: AbortSignal): Promise<void> => {
      undo.beginTerm()
      returns.beginTerm(term)
      await Promise.all([claims.lead(term), watch.run(term)])
    },
  }
}
