import { expect, test } from 'vitest'
import type { RegistryObject } from '#controllers/resources.ts'
import { WorkspaceTries, type WorkspaceTry, withWorkspace } from '#controllers/workspace-tries.ts'
import type { RegistryStatus } from '#crds/registry.ts'

const NOW = Date.parse('2026-01-02T03:04:05Z')

function said(status: RegistryStatus, tried: WorkspaceTry | undefined, generation: number): string {
  const { conditions = [] } = withWorkspace(status, tried, { generation, now: NOW })
  return conditions.map(({ type, status: value, message }) => `${type}=${value} ${message}`).join()
}

const REFUSED = { generation: 1, problem: 'no right to push' }
const afterRefusal = withWorkspace({}, REFUSED, { generation: 1, now: NOW })

test('a try says whether the report is kept, and why not', () => {
  expect(said({}, undefined, 1)).toBe('')
  expect(said({}, REFUSED, 1)).toBe('WorkspaceReady=False no right to push')
  expect(said(afterRefusal, { generation: 1, problem: undefined }, 1)).toBe(
    'WorkspaceReady=True The last report is kept',
  )
})

test('what was said of a spec stands until the next try, and says nothing about another spec', () => {
  expect(said(afterRefusal, undefined, 1)).toBe('WorkspaceReady=False no right to push')
  expect(said(afterRefusal, REFUSED, 2)).toBe('')
})

test('only a try that ends otherwise than the one before is told', () => {
  const registry = (generation: number): RegistryObject => ({
    apiVersion: 'tallyman.dev/v1alpha1',
    kind: 'Registry',
    metadata: { namespace: 'shop', name: 'main', uid: 'u', resourceVersion: '1', generation },
    spec: {},
  })
  const tries = new WorkspaceTries()
  const told: string[] = []
  tries.onChange((key) => told.push(key))
  for (const problem of [undefined, undefined, 'down', 'down', undefined]) tries.set(registry(1), problem)
  expect(told).toHaveLength(3)
  tries.set(registry(2), undefined)
  expect(told).toEqual(Array(4).fill('shop/main'))
  tries.forget('shop/main')
  expect(tries.of(registry(2))).toBeUndefined()
})
