import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { imageFacts, repositoryFacts } from '#test/harness/registry-facts.ts'
import { claimBlocks, claimedBelowBlocks, recordBlocks } from './policy-blocks.ts'

const { signal } = new AbortController()
const registry = (spec: object) => ({
  ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'Registry', metadata: { name: 'main', namespace: 'shop' } },
  spec: { url: 'https://r.example', ...spec },
})
const registries = { get: () => undefined, list: () => [] }
const standing = { registries, problem: undefined }
const unread = new TallymanError('MEMORY_INVALID', 'the record is none')

test('nothing is carried out without a workspace', () => {
  expect(recordBlocks({ ...standing, registry: registry({}) })).toMatchObject([{ code: 'WorkspaceRequired' }])
})

test('S46: nothing is carried out where journals of another registry lie in the same workspace', () => {
  const at = (name: string, url: string) => ({
    ...registry({ url, workspace: { prefix: 'ops', registryRef: { name: 'kept' } } }),
    metadata: { name, namespace: 'shop' },
  })
  const kept = registry({ url: 'https://kept.example' })
  const [main, side] = [at('main', 'https://r.example'), at('side', 'https://side.example')]
  const shared = { get: () => kept, list: () => [kept, main, side] }
  expect(recordBlocks({ registry: main, registries: shared, problem: undefined })).toMatchObject([
    { code: 'WorkspaceShared', message: expect.stringContaining('shop/side'), isAcceptable: false },
  ])
})

test('S12: nothing is carried out while it is not known what was carried out already', () => {
  const kept = { ...standing, registry: registry({ workspace: { prefix: 'ops' } }) }
  expect(recordBlocks(kept)).toEqual([])
  expect(recordBlocks({ ...kept, problem: unread })).toMatchObject([
    { code: 'RecordUnreadable', message: expect.stringContaining('the record is none'), isAcceptable: false },
  ])
})

test('S01: nothing is carried out in a registry that is not claimed, and a plan alone claims nothing', async () => {
  const spec = (mode: string) =>
    RegistryPolicySpec.parse({
      ...{ registryRef: { name: 'main' }, inventoryRef: { name: 'all' }, mode },
      rules: [{ name: 'newest', repositories: ['**'], keep: { newest: 1 } }],
    })
  const blocksOf = (mode: string, hold: () => Promise<void>) =>
    claimBlocks({ hold }, { registry: registry({}), spec: spec(mode) }, signal)
  const foreign = async () => {
    throw new TallymanError('CLAIM_FOREIGN', 'of another installation')
  }
  expect(await blocksOf('Enforce', foreign)).toMatchObject([{ code: 'ClaimNotHeld', isAcceptable: false }])
  expect(await blocksOf('Enforce', async () => undefined)).toEqual([])
  expect(await blocksOf('DryRun', foreign)).toEqual([])
  const lost = async () => {
    throw new TallymanError('LEADERSHIP_LOST', 'another one leads')
  }
  await expect(blocksOf('Approve', lost)).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
})

test('S01: nor where another installation claims it below a longer path, as neither of the two sees the other one', () => {
  const image = imageFacts('claim', 1)
  const repositories = [
    repositoryFacts('team/tallyman-claims', { 'ours.tallyman': image, 'theirs.tallyman': image }),
    repositoryFacts('shop/tallyman-claims', { 'ours.tallyman': image }),
    repositoryFacts('dark/tallyman-claims', {}, { incomplete: 'its tags could not be listed' }),
    repositoryFacts('dark/app', {}, { incomplete: 'its tags could not be listed' }),
    repositoryFacts('shop/not-tallyman-claims', { v1: image }),
  ]
  expect(claimedBelowBlocks({ repositories }, 'ours.tallyman')).toMatchObject([
    {
      code: 'ClaimNotHeld',
      message: expect.stringMatching(/^team\/tallyman-claims:theirs.tallyman claims/),
      isAcceptable: false,
    },
    {
      code: 'ClaimNotHeld',
      message: expect.stringMatching(
        /^whether somebody else claims the registry below dark is not known: .*could not be listed$/,
      ),
      isAcceptable: false,
    },
  ])
})
