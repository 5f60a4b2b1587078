import { AGE, conditionColumn, defineKind } from '#crds/kind.ts'
import { RegistryPolicySpec } from '#crds/registry-policy-spec.ts'
import { RegistryPolicyStatus } from '#crds/registry-policy-status.ts'

export { RegistryPolicySpec, RegistryPolicyStatus }

export const RegistryPolicy = defineKind({
  kind: 'RegistryPolicy',
  plural: 'registrypolicies',
  shortNames: ['regpol'],
  description:
    'What of a registry is kept, and what goes: plan, approve, evict, undo. Never an image in use.',
  spec: RegistryPolicySpec,
  status: RegistryPolicyStatus,
  columns: [
    {
      name: 'Registry',
      type: 'string',
      jsonPath: '.spec.registryRef.name',
      description: 'The Registry that the policy is about.',
    },
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode', description: 'What becomes of a plan.' },
    { name: 'Tags', type: 'integer', jsonPath: '.status.plan.tags', description: 'Tags of the registry.' },
    {
      name: 'Evict',
      type: 'integer',
      jsonPath: '.status.plan.evict',
      description: 'Tags that go with their digest.',
    },
    {
      name: 'Reclaim',
      type: 'string',
      jsonPath: '.status.plan.reclaimable',
      description: 'What becomes unreferenced by that.',
    },
    conditionColumn('Plan-Ready', 'PlanReady', 'Whether there is a plan of what is there now.'),
    {
      name: 'Approval',
      type: 'string',
      jsonPath: '.status.approval.state',
      description: 'What became of spec.approvedPlan: Pending, Used, Expired, Unknown, Empty or Blocked.',
    },
    {
      name: 'Run',
      type: 'string',
      jsonPath: '.status.run.phase',
      description: 'What the run does, or how the last one ended.',
    },
    {
      name: 'Untag',
      type: 'integer',
      jsonPath: '.status.plan.untag',
      description: 'Tags that go while their digest stays.',
      priority: 1,
    },
    {
      name: 'Plan',
      type: 'string',
      jsonPath: '.status.plan.digest',
      description: 'The digest of the plan, for spec.approvedPlan.',
      priority: 1,
    },
    {
      name: 'Next-Plan',
      type: 'string',
      jsonPath: '.status.nextPlanTime',
      description: 'When the next plan is due by interval or schedule.',
      priority: 1,
    },
    {
      name: 'Suspended',
      type: 'boolean',
      jsonPath: '.spec.suspend',
      description: 'Whether it stands still.',
      priority: 1,
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="PlanReady")].message',
      description: 'The plan in a sentence.',
      priority: 1,
    },
    {
      name: 'Approval-Message',
      type: 'string',
      jsonPath: '.status.approval.message',
      description: 'Why the approval waits, or what to do instead.',
      priority: 1,
    },
    AGE,
  ],
})
