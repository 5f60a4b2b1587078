import { z } from 'zod'
import type { KindDefinition } from '#crds/kind.ts'
import { GROUP, VERSION } from '#crds/meta.ts'

type JsonSchema = { [key: string]: unknown }

/**
 * The CustomResourceDefinition of a kind (apiextensions.k8s.io/v1), with a structural schema made from its zod schemas.
 * What zod emits and Kubernetes refuses or misreads is taken out here (research/operator-practice.md §4.13).
 */
export function customResourceDefinition(kind: KindDefinition): JsonSchema {
  const singular = kind.kind.toLowerCase()
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular,
        shortNames: kind.shortNames,
        categories: ['tallyman'],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns,
          schema: { openAPIV3Schema: objectSchema(kind) },
        },
      ],
    },
  }
}

function objectSchema(kind: KindDefinition): JsonSchema {
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structural(kind.spec),
      // kstatus takes an object without observedGeneration for finished: -1 says "not seen yet" from the first second.
      status: { ...structural(kind.status), default: { observedGeneration: -1 } },
    },
  }
}

/** The structural OpenAPI schema of a zod schema, as a user writes it (defaults not yet applied). */
export function structural(schema: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' })
  return cleaned(rest)
}

function cleaned(node: unknown): JsonSchema {
  const out = mapValues(node, (value) => value)
  delete out.additionalProperties
  if (out.type === 'integer') {
    // zod writes the safe integers as bounds of every z.int(): noise that hides the bounds that are meant.
    if (out.minimum === Number.MIN_SAFE_INTEGER) delete out.minimum
    if (out.maximum === Number.MAX_SAFE_INTEGER) delete out.maximum
    out.format = 'int64'
  }
  if (out.properties !== undefined) out.properties = mapValues(out.properties, cleaned)
  if (out.items !== undefined) out.items = cleaned(out.items)
  return out
}

function mapValues(node: unknown, transform: (value: unknown) => unknown): JsonSchema {
  if (typeof node !== 'object' || node === null) return {}
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, transform(value)]))
}
