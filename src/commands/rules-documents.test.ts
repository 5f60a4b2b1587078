import { describe, expect, test } from 'vitest'
import { rulesDocuments } from '#commands/rules-documents.ts'

const found = (text: string) => rulesDocuments(text).map(({ name, rulesAt }) => [name, rulesAt])

describe('the documents of a file of rules', () => {
  test('are what stands between its lines of dashes, and what is empty is none', () => {
    const text = `---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
# nothing
---
apiVersion: tallyman.dev/v1alpha1
kind: RegistryPolicy
metadata: {name: web, namespace: shop}
spec: {rules: []}
---
`
    expect(found(text)).toEqual([
      ['document 1 (Namespace shop)', undefined],
      ['document 2 (RegistryPolicy shop/web)', 'spec.rules'],
    ])
    expect(found('')).toEqual([])
  })

  test('have rules without a kind as well, and those of other kinds are no rules of ours', () => {
    expect(found('rules: []\n---\nspec: {}\n---\nkind: ClusterRole\nrules: []\n---\n- a\n')).toEqual([
      ['document 1', 'rules'],
      ['document 2', 'spec.rules'],
      ['document 3 (ClusterRole)', undefined],
      ['document 4', undefined],
    ])
  })

  test('are the items of a list', () => {
    const items = [{ kind: 'RegistryPolicy', metadata: { name: 'web' }, spec: {} }, { kind: 'Registry' }]
    expect(found(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))).toEqual([
      ['document 1 (RegistryPolicy web)', 'spec.rules'],
      ['document 2 (Registry)', undefined],
    ])
  })

  test('are refused where one of them is no YAML', () => {
    expect(() => rulesDocuments('rules: []\n---\nrules: [')).toThrow()
    expect(() => rulesDocuments('rules: *nowhere')).toThrow('nowhere')
  })
})
