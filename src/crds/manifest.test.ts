import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { KINDS } from '#crds/index.ts'
import { customResourceDefinition, structural } from '#crds/manifest.ts'
import { GROUP } from '#crds/meta.ts'

const Rule = z.object({ rule: z.string(), message: z.string() })
const Node = z.looseObject({
  type: z.string().optional(),
  format: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  'x-kubernetes-validations': z.array(Rule).optional(),
})
type Node = z.infer<typeof Node>

interface Place {
  readonly path: string
  readonly node: Node
}

/** Every schema node below and at `value`, with its path. */
function nodes(value: unknown, at: string): Place[] {
  const node = Node.parse(value)
  return [
    { path: at, node },
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => nodes(child, `${at}.${name}`)),
    ...(node.items === undefined ? [] : nodes(node.items, `${at}[]`)),
  ]
}

/** Spec and status: what the user and we write. The envelope is the API server's. */
const PLACES = KINDS.flatMap((kind) => [
  ...nodes(structural(kind.spec), `${kind.kind}.spec`),
  ...nodes(structural(kind.status), `${kind.kind}.status`),
])

/** Keywords that a structural schema may have, as far as we use them. */
const ALLOWED = new Set([
  ...['type', 'format', 'description', 'default', 'enum', 'required', 'properties', 'items'],
  ...['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'],
  ...['x-kubernetes-validations', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'],
])

describe('the schema of every kind', () => {
  test('has no keyword that a structural schema must not have', () => {
    for (const { path: at, node } of PLACES) {
      const odd = Object.keys(node).filter((key) => !ALLOWED.has(key))
      expect(odd, at).toEqual([])
    }
  })

  test('has one type everywhere, and no fractions', () => {
    for (const { path: at, node } of PLACES) {
      expect(['object', 'array', 'string', 'integer', 'boolean'], at).toContain(node.type)
    }
  })

  test('bounds every string and every list, so that rules over them can be priced', () => {
    for (const { path: at, node } of PLACES) {
      const isBounded = node.enum !== undefined || node.format === 'date-time' || node.maxLength !== undefined
      if (node.type === 'string') expect(isBounded, at).toBe(true)
      if (node.type === 'array') expect(node.maxItems, at).toBeGreaterThan(0)
    }
  })

  test('has a sentence for every field, which kubectl explain shows', () => {
    const fields = PLACES.flatMap(({ path: at, node }) =>
      Object.entries(node.properties ?? {}).map(([name, field]) => ({
        at: `${at}.${name}`,
        text: Node.parse(field).description ?? '',
      })),
    )
    expect(fields.length).toBeGreaterThan(100)
    expect(fields.filter(({ text }) => !/^\S.{8,}\S$/s.test(text)).map(({ at }) => at)).toEqual([])
  })

  test('says with every rule what would be right', () => {
    for (const { path: at, node } of PLACES) {
      for (const { message } of node['x-kubernetes-validations'] ?? []) {
        expect(message.length, at).toBeGreaterThan(20)
      }
    }
  })

  test('has no default on what a rule asks for with has(): it would always be there', () => {
    for (const { path: at, node } of PLACES) {
      const rules = (node['x-kubernetes-validations'] ?? []).map(({ rule }) => rule).join(' ')
      const asked = [...rules.matchAll(/has\(self\.(\w+)\)/g)].map(([, name]) => name ?? '')
      for (const name of asked) {
        expect(Node.parse(node.properties?.[name]), `${at}.${name}`).not.toHaveProperty('default')
      }
    }
  })

  test('requires nothing that has a default', () => {
    for (const { path: at, node } of PLACES) {
      for (const name of node.required ?? []) {
        expect(Node.parse(node.properties?.[name]), `${at}.${name}`).not.toHaveProperty('default')
      }
    }
  })

  test('writes enums of values in PascalCase, and lists of objects instead of maps', () => {
    const upper = PLACES.filter(({ path: at }) => !at.endsWith('.scheme'))
    for (const { path: at, node } of upper) {
      for (const value of node.enum ?? []) expect(value, at).toMatch(/^[A-Z][A-Za-z]+$/)
      if (node.type === 'object') expect(node.properties, at).toBeDefined()
    }
  })
})

describe.each(KINDS.map((kind) => ({ kind: kind.kind, definition: kind })))(
  'the CRD of $kind',
  ({ definition }) => {
    const crd = customResourceDefinition(definition)

    test('is what lies in config/crd', () => {
      const file = path.join(import.meta.dirname, '../../config/crd', `${GROUP}_${definition.plural}.yaml`)
      expect(parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(crd)))
    })

    test('is namespaced, has a status of its own and says from the first second that nothing was seen', () => {
      expect(crd).toMatchObject({
        apiVersion: 'apiextensions.k8s.io/v1',
        metadata: { name: `${definition.plural}.${GROUP}` },
        spec: {
          scope: 'Namespaced',
          names: { kind: definition.kind, categories: ['tallyman'] },
          versions: [
            {
              subresources: { status: {} },
              schema: {
                openAPIV3Schema: { properties: { status: { default: { observedGeneration: -1 } } } },
              },
            },
          ],
        },
      })
      expect(crd).not.toHaveProperty('status')
    })

    test('shows columns of fields that exist', () => {
      const known = new Set(PLACES.map(({ path: at }) => at))
      for (const { jsonPath, name } of definition.columns) {
        if (jsonPath.startsWith('.metadata.') || jsonPath.startsWith('.status.conditions[')) continue
        expect(known, name).toContain(`${definition.kind}${jsonPath}`)
      }
    })
  },
)
