import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { projectControllerRevision } from '#kube/controller-revision-projection.ts'
import { isRecord, listOf } from '#kube/json.ts'
import { projectNode } from '#kube/node-projection.ts'
import { projectPod } from '#kube/pod-projection.ts'
import { readControllerRevision } from '#kube/protobuf/controller-revision.ts'
import { readNode } from '#kube/protobuf/node.ts'
import { readPod } from '#kube/protobuf/pod.ts'
import { ProtoReader } from '#kube/protobuf/reader.ts'
import { readWorkload } from '#kube/protobuf/workload.ts'
import { projectWorkload, WORKLOAD_KINDS, type WorkloadKind } from '#kube/workload-projection.ts'

/** A message of generated.proto: field name → its number and its type; [type] is a repeated field. */
interface Message {
  readonly [field: string]: readonly [number, FieldType]
}
type FieldType = 'string' | 'varint' | 'map' | 'json' | Message | readonly [Message | 'string']

const OWNER: Message = {
  kind: [1, 'string'],
  name: [3, 'string'],
  uid: [4, 'string'],
  apiVersion: [5, 'string'],
  controller: [6, 'varint'],
}
const META: Message = {
  name: [1, 'string'],
  namespace: [3, 'string'],
  uid: [5, 'string'],
  resourceVersion: [6, 'string'],
  labels: [11, 'map'],
  annotations: [12, 'map'],
  ownerReferences: [13, [OWNER]],
}
const CONTAINER: Message = {
  name: [1, 'string'],
  image: [2, 'string'],
  workingDir: [5, 'string'],
  imagePullPolicy: [14, 'string'],
  restartPolicy: [24, 'string'],
}
const VOLUME: Message = {
  name: [1, 'string'],
  volumeSource: [2, { image: [30, { reference: [1, 'string'], pullPolicy: [2, 'string'] }] }],
}
const POD_SPEC: Message = {
  volumes: [1, [VOLUME]],
  containers: [2, [CONTAINER]],
  nodeName: [10, 'string'],
  imagePullSecrets: [15, [{ name: [1, 'string'] }]],
  initContainers: [20, [CONTAINER]],
  ephemeralContainers: [34, [{ ephemeralContainerCommon: [1, CONTAINER] }]],
}
const TEMPLATE: Message = { metadata: [1, META], spec: [2, POD_SPEC] }
const SCALED: Message = { replicas: [1, 'varint'], template: [3, TEMPLATE] }
const JOB: Message = { parallelism: [1, 'varint'], template: [6, TEMPLATE], suspend: [10, 'varint'] }
const SPECS: Readonly<Record<WorkloadKind, Message>> = {
  Deployment: SCALED,
  StatefulSet: SCALED,
  ReplicaSet: SCALED,
  ReplicationController: SCALED,
  DaemonSet: { template: [2, TEMPLATE] },
  Job: JOB,
  CronJob: { suspend: [4, 'varint'], jobTemplate: [5, { metadata: [1, META], spec: [2, JOB] }] },
}
const REVISION: Message = { metadata: [1, META], data: [2, 'json'], revision: [3, 'varint'] }
const NODE: Message = {
  metadata: [1, META],
  status: [3, { images: [8, [{ names: [1, ['string']], sizeBytes: [2, 'varint'] }]] }],
}

/** `value` as JSON has it, in protobuf; fields are written in the order of their numbers, as Kubernetes does. */
function encode(value: unknown, message: Message): Buffer {
  if (!isRecord(value)) return Buffer.alloc(0)
  const known = Object.entries(message).sort(([, [a]], [, [b]]) => a - b)
  return Buffer.concat(
    known.flatMap(([name, [number, type]]) => {
      // JSON has no level for what Go embeds.
      const field = name === 'volumeSource' || name === 'ephemeralContainerCommon' ? value : value[name]
      return field === undefined ? [] : encodeField(number, type, field)
    }),
  )
}

function encodeField(number: number, type: FieldType, value: unknown): Buffer[] {
  if (type === 'varint') return [varint(number * 8), varint(Number(value))]
  if (type === 'string') return delimited(number, Buffer.from(String(value)))
  if (type === 'json')
    return delimited(number, Buffer.concat(delimited(1, Buffer.from(JSON.stringify(value)))))
  if (type === 'map') {
    return Object.entries(isRecord(value) ? value : {}).flatMap(([key, text]) =>
      delimited(number, Buffer.concat([...encodeField(1, 'string', key), ...encodeField(2, 'string', text)])),
    )
  }
  if (isList(type)) return listOf(value).flatMap((item) => encodeField(number, type[0], item))
  return delimited(number, encode(value, type))
}

function isList(type: FieldType): type is readonly [Message | 'string'] {
  return Array.isArray(type)
}

function delimited(number: number, content: Buffer): Buffer[] {
  return [varint(number * 8 + 2), varint(content.length), content]
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

const text = fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme', maxLength: 20 }))
const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] })
const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 3 })

const metadata = optional({
  name: text,
  namespace: text,
  uid: text,
  resourceVersion: text,
  labels: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
  annotations: optional({ 'tallyman.dev/keep': text, 'tallyman.dev/kee': text, 'tallyman.dev/keep2': text }),
  ownerReferences: few(optional({ kind: text, name: text, uid: text, controller: fc.boolean() })),
})
const pullPolicy = fc.constantFrom('Always', 'IfNotPresent', 'Never', 'Sometimes', '')
const containers = few(optional({ name: text, image: text, workingDir: text, imagePullPolicy: pullPolicy }))
const podSpec = optional({
  volumes: few(optional({ name: text, image: optional({ reference: text, pullPolicy }) })),
  containers,
  nodeName: text,
  imagePullSecrets: few(optional({ name: text })),
  initContainers: containers,
  ephemeralContainers: containers,
})
const template = optional({ metadata, spec: podSpec })
const scaled = optional({ replicas: fc.nat(2 ** 31 - 1), template })
const job = optional({ parallelism: fc.nat(9), template, suspend: fc.boolean() })
const specs: Readonly<Record<WorkloadKind, fc.Arbitrary<object>>> = {
  Deployment: scaled,
  StatefulSet: scaled,
  ReplicaSet: scaled,
  ReplicationController: scaled,
  DaemonSet: optional({ template }),
  Job: job,
  CronJob: optional({ suspend: fc.boolean(), jobTemplate: optional({ metadata, spec: job }) }),
}

describe('the same object in protobuf and in JSON', () => {
  it.each(WORKLOAD_KINDS)('has one projection: %s', (kind) => {
    const read = readWorkload(kind)
    const project = projectWorkload(kind)
    fc.assert(
      fc.property(optional({ metadata, spec: specs[kind] }), (object) => {
        const bytes = encode(object, { metadata: [1, META], spec: [2, SPECS[kind]] })
        expect(read(new ProtoReader(bytes))).toStrictEqual(project(object))
      }),
    )
  })

  it('has one projection: ControllerRevision', () => {
    const data = fc.oneof(
      fc.jsonValue(),
      optional({ spec: fc.oneof(fc.jsonValue(), optional({ template }), job) }),
    )
    fc.assert(
      fc.property(optional({ metadata, data, revision: fc.nat() }), (object) => {
        const read = readControllerRevision(new ProtoReader(encode(object, REVISION)))
        expect(read).toStrictEqual(projectControllerRevision(object))
        expect(read.unreadable).toBe(!isRecord(object.data))
      }),
    )
  })

  it('has one projection: Pod', () => {
    fc.assert(
      fc.property(optional({ metadata, spec: podSpec }), (object) => {
        const bytes = encode(object, { metadata: [1, META], spec: [2, POD_SPEC] })
        expect(readPod(new ProtoReader(bytes))).toStrictEqual(projectPod(object))
      }),
    )
  })

  it('has one projection: Node', () => {
    const images = few(optional({ names: few(text), sizeBytes: fc.nat() }))
    fc.assert(
      fc.property(optional({ metadata, status: optional({ images }) }), (object) => {
        expect(readNode(new ProtoReader(encode(object, NODE)))).toStrictEqual(projectNode(object))
      }),
    )
  })
})

describe('a ControllerRevision whose data is not JSON', () => {
  it.each(['', '{"spec":', 'k8s\0', '\uFEFF{}'])('is reported, and names no image: %j', (raw) => {
    const data = Buffer.concat(delimited(1, Buffer.from(raw)))
    const bytes = Buffer.concat([
      ...encodeField(1, META, { name: 'r', resourceVersion: '7' }),
      ...delimited(2, data),
    ])
    expect(readControllerRevision(new ProtoReader(bytes))).toMatchObject({
      name: 'r',
      resourceVersion: '7',
      unreadable: true,
      containers: [],
      volumeImages: [],
    })
  })
})

describe('the projections of JSON', () => {
  it('answer anything, also where a template should be', () => {
    const anything = fc.anything()
    const objects = fc.oneof(
      anything,
      fc.record({
        metadata: anything,
        spec: fc.oneof(
          anything,
          fc.record({ template: anything, jobTemplate: fc.record({ spec: anything }) }),
        ),
        data: fc.oneof(anything, fc.record({ spec: fc.record({ template: anything }) })),
        status: fc.oneof(anything, fc.record({ images: fc.array(anything) })),
      }),
    )
    fc.assert(
      fc.property(objects, (object) => {
        for (const kind of WORKLOAD_KINDS) {
          const { containers: seen, replicas } = projectWorkload(kind)(object)
          expect([Array.isArray(seen), replicas === undefined || Number.isFinite(replicas)]).toEqual([
            true,
            true,
          ])
        }
        expect(projectControllerRevision(object).volumeImages).toEqual(expect.any(Array))
        expect(projectNode(object).images).toEqual(expect.any(Array))
        expect(projectPod(object).keep).toEqual(expect.any(String))
      }),
    )
  })
})
