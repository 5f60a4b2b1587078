import { describe, expect, test } from 'vitest'
import { duplicateNotes, missingNotes } from '#commands/survey-notes.ts'
import { unreadable } from '#commands/unreadable.ts'
import type { SourceView } from '#inventory/source-view.ts'

const pods: SourceView = { name: 'pods', state: 'synced', blocks: true }
const source = (name: string, state: SourceView['state'], blocks = true): SourceView => ({
  name,
  state,
  blocks,
})
const cluster = (sources: readonly SourceView[], notSynced: string | undefined = 'jobs: not listed yet') => ({
  ...{ sources, notSynced, sameAs: undefined },
})

describe('a cluster', () => {
  test('that is read, or another context reads, is not missing', () => {
    expect(unreadable({ ...cluster([pods]), notSynced: undefined }, 1_000)).toBeUndefined()
    expect(unreadable({ ...cluster([]), sameAs: 'prod' }, 1_000)).toBeUndefined()
  })

  test('is waited for until it is late', () => {
    const listing = cluster([pods, source('jobs', 'listing')])
    expect(unreadable(listing, undefined)).toBeUndefined()
    expect(unreadable(listing, 5_000)).toBe(
      'It was not read within 5000 ms: jobs: not listed yet. Allow more with --timeout.',
    )
    expect(unreadable(cluster([source('jobs', 'broken')]), undefined)).toBeUndefined()
  })

  test('of which something may not be read is missing at once', () => {
    const forbidden = cluster([pods, source('nodes', 'forbidden'), source('jobs', 'forbidden')])
    expect(unreadable(forbidden, undefined)).toBe(
      'Its user may not list and watch nodes, jobs in all namespaces. Grant it, or ask for less with --sources.',
    )
    expect(unreadable(cluster([pods, source('nodes', 'forbidden', false)]), undefined)).toBeUndefined()
  })

  test('that does not know a kind of Kubernetes is none', () => {
    expect(unreadable(cluster([source('pods', 'not-installed')]), undefined)).toBe(
      'It has no pods. Is it a Kubernetes cluster?',
    )
  })
})

describe('what is said', () => {
  const missing = [{ name: 'edge', problem: 'It does not answer.' }]

  test('of missing contexts tells whether something is printed all the same', () => {
    expect(missingNotes(missing, { isLeftOut: false, allowMissing: false })).toEqual([
      'tallyman: context edge: It does not answer.',
      'tallyman: nothing is printed, because it would not be complete. With --allow-missing, what can be read is printed.',
    ])
    expect(missingNotes(missing, { isLeftOut: false, allowMissing: true }).at(-1)).toBe(
      'tallyman: nothing is printed, because it would not be complete.',
    )
    expect(missingNotes(missing, { isLeftOut: true, allowMissing: true })).toEqual([
      'tallyman: context edge is left out: It does not answer.',
    ])
    expect(missingNotes([], { isLeftOut: true, allowMissing: false })).toEqual([])
  })

  test('of contexts of one cluster names both', () => {
    expect(duplicateNotes([{ name: 'again', sameAs: 'prod' }], ['dev'])).toEqual([
      'tallyman: context again is the same cluster as prod, which is counted once.',
      'tallyman: context dev may be the same cluster as another one: its user may not get namespace kube-system.',
    ])
  })
})
