// Objects in the encoding in which the API server keeps them in etcd. Field numbers: generated.proto of k8s.io/api and apimachinery.
import { hash } from 'node:crypto'
import { integer, message, messages, text } from './protobuf.ts'

export interface StoredMeta {
  readonly namespace?: string | undefined
  readonly name: string
  readonly uid: string
  readonly owner?: StoredOwner | undefined
}

export interface StoredOwner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** The containers of a pod template: pods of one owner share them. */
export interface StoredContainers {
  /** PodSpec: containers = 2. */
  readonly spec: Buffer
  /** PodStatus: containerStatuses = 8. */
  readonly running: Buffer
  readonly finished: Buffer
}

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'
const MAGIC = Buffer.from('k8s\0')
/** An hour ago: what finished then is not forgotten yet. */
const CREATED = integer(1, Math.floor(Date.now() / 1000) - 3_600)

/** A UUID that is always the same for the same text. */
export function uidOf(of: string): string {
  const hex = hash('sha256', of, 'hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

/** Letters as Kubernetes puts at the end of names (apimachinery, util/rand), always the same for the same text. */
export function letters(of: string, count: number): string {
  const bytes = hash('sha256', of, 'buffer').subarray(0, count)
  return [...bytes].map((byte) => LETTERS[byte % LETTERS.length]).join('')
}

export function digestOf(image: string): string {
  return `sha256:${hash('sha256', image, 'hex')}`
}

/** The name under which a node has pulled an image. */
export function nameByDigest(image: string): string {
  return `${image.slice(0, image.lastIndexOf(':'))}@${digestOf(image)}`
}

/** @param settings environment variables of each container */
export function storedContainers(images: readonly string[], settings: readonly number[]): StoredContainers {
  const env = (count: number, at: number) =>
    messages(7, Array(count).keys(), (n) => [
      text(1, `SETTING_${n}`),
      text(2, `value-${at}-${n}-${images[at]}`.padEnd(48, 'x').slice(0, 48)),
    ])
  const statuses = (state: Buffer) =>
    messages(8, images.entries(), ([at, image]) => [
      ...[text(1, `container-${at}`), message(2, state), integer(4, 1), integer(5, 0)],
      ...[text(6, image), text(7, nameByDigest(image)), text(8, `containerd://${digestOf(image).slice(7)}`)],
    ])
  return {
    spec: messages(2, images.entries(), ([at, image]) => [
      ...[text(1, `container-${at}`), text(2, image), env(settings[at] ?? 0, at), message(8)],
      ...[text(13, '/dev/termination-log'), text(14, 'IfNotPresent'), text(20, 'File')],
    ]),
    running: statuses(message(2, message(1, CREATED))),
    finished: statuses(
      message(3, integer(1, 0), text(3, 'Completed'), message(5, CREATED), message(6, CREATED)),
    ),
  }
}

/** @param finished it Succeeded; else it runs */
export function storedPod(
  meta: StoredMeta,
  containers: StoredContainers,
  node: string,
  finished: boolean,
): Buffer {
  return stored(
    ...(['v1', 'Pod'] as const),
    metadata(meta, MANAGED_PODS),
    message(2, containers.spec, POD_SPEC, text(10, node), text(19, 'default-scheduler')),
    message(
      3,
      text(1, finished ? 'Succeeded' : 'Running'),
      finished ? containers.finished : containers.running,
    ),
  )
}

/** Deployment, ReplicaSet or StatefulSet. */
export function storedReplicated(
  kind: string,
  meta: StoredMeta,
  containers: StoredContainers,
  replicas: number,
): Buffer {
  const spec = message(2, integer(1, replicas), SELECTOR, message(3, template(containers)))
  return stored('apps/v1', kind, metadata(meta, MANAGED_WORKLOADS), spec)
}

export function storedDaemonSet(meta: StoredMeta, containers: StoredContainers): Buffer {
  const spec = message(2, message(1, LABEL), message(2, template(containers)))
  return stored('apps/v1', 'DaemonSet', metadata(meta, MANAGED_WORKLOADS), spec)
}

export function storedJob(meta: StoredMeta, containers: StoredContainers): Buffer {
  return stored(
    'batch/v1',
    'Job',
    metadata(meta, MANAGED_WORKLOADS),
    message(2, message(6, template(containers))),
  )
}

export function storedCronJob(meta: StoredMeta, containers: StoredContainers): Buffer {
  const job = message(5, message(2, message(6, template(containers))))
  return stored(
    'batch/v1',
    'CronJob',
    metadata(meta, MANAGED_WORKLOADS),
    message(2, text(1, '0 * * * *'), job),
  )
}

export function storedRevision(meta: StoredMeta, images: readonly string[], revision: number): Buffer {
  const containers = images.map((image, at) => ({ name: `container-${at}`, image }))
  const data = JSON.stringify({ spec: { template: { spec: { containers } } } })
  return stored(
    'apps/v1',
    'ControllerRevision',
    metadata(meta),
    message(2, text(1, data)),
    integer(3, revision),
  )
}

/** @param cached the images that it says are in its cache, each under its two names */
export function storedNode(name: string, cached: readonly string[]): Buffer {
  return stored(
    ...(['v1', 'Node'] as const),
    metadata({ name, uid: uidOf(`node ${name}`) }),
    message(2),
    message(
      3,
      message(4, text(1, 'Ready'), text(2, 'True')),
      message(7, text(9, 'linux'), text(10, 'amd64')),
      messages(8, cached, (image) => [text(1, nameByDigest(image)), text(1, image), integer(2, 90_000_000)]),
    ),
  )
}

function stored(apiVersion: string, kind: string, ...fields: readonly Buffer[]): Buffer {
  return Buffer.concat([MAGIC, message(1, text(1, apiVersion), text(2, kind)), message(2, ...fields)])
}

function metadata(
  { namespace = '', name, uid, owner }: StoredMeta,
  managed: Buffer = Buffer.alloc(0),
): Buffer {
  const owned = (by: StoredOwner) => [
    ...[text(1, by.kind), text(3, by.name), text(4, by.uid), text(5, by.apiVersion)],
    ...[integer(6, 1), integer(7, 1)],
  ]
  return message(
    1,
    ...[text(1, name), text(3, namespace), text(5, uid), message(8, CREATED), message(11, ...APP)],
    messages(13, owner === undefined ? [] : [owner], owned),
    managed,
  )
}

function template(containers: StoredContainers): Buffer {
  return Buffer.concat([message(1, LABEL), message(2, containers.spec, POD_SPEC)])
}

const APP = [text(1, 'app'), text(2, 'bench')]
/** LabelSelector: matchLabels = 1; the field of a template's labels has another number, which nobody here reads. */
const LABEL = message(1, ...APP)
const SELECTOR = message(2, LABEL)
const POD_SPEC = Buffer.concat([text(3, 'Always'), integer(4, 30), text(6, 'ClusterFirst'), message(14)])
const MANAGED_PODS = managedFields('kubelet', 31)
const MANAGED_WORKLOADS = managedFields('kubectl', 31)

/** Who set which field: a good third of what a pod is in JSON. */
function managedFields(manager: string, settings: number): Buffer {
  const env = Object.fromEntries(
    Array.from({ length: settings }, (_, n) => [
      `k:{"name":"SETTING_${n}"}`,
      { '.': {}, 'f:name': {}, 'f:value': {} },
    ]),
  )
  const container = { '.': {}, 'f:env': { '.': {}, ...env }, 'f:image': {}, 'f:name': {} }
  const fields = JSON.stringify({ 'f:spec': { 'f:containers': { 'k:{"name":"container-0"}': container } } })
  return message(
    17,
    ...[text(1, manager), text(2, 'Update'), text(3, 'v1'), message(4, CREATED), text(6, 'FieldsV1')],
    message(7, text(1, fields)),
  )
}
