import { DiscoveredSource } from '#clusters/discovered-source.ts'
import { helmReleaseSource } from '#clusters/helm-source.ts'
import { NodeSource } from '#clusters/node-source.ts'
import { ObjectSource } from '#clusters/object-source.ts'
import { PodSource } from '#clusters/pod-source.ts'
import { type SourceDefinition, SourceWatch, type SourceWatchOptions } from '#clusters/source-watch.ts'
import type { CustomSourceConfig, SourceChoice, SourcesConfig } from '#clusters/sources-config.ts'
import { keptBy, named, usingRevision, usingWorkload } from '#clusters/using-workload.ts'
import type { ClusterUses } from '#inventory/cluster-uses.ts'
import type { Platform } from '#inventory/snapshot.ts'
import type { UseKind } from '#inventory/using-object.ts'
import { controllerRevisionCodec, nodeCodec, podCodec, workloadCodec } from '#kube/codecs.ts'
import { recordOf } from '#kube/json.ts'
import { jsonCodec } from '#kube/json-codec.ts'
import { projectMeta } from '#kube/meta-projection.ts'
import { stringInterner } from '#kube/protobuf/interner.ts'
import type { TextDecode } from '#kube/protobuf/reader.ts'
import type { ReflectorObserver } from '#kube/reflector.ts'
import { CONTROLLER_REVISIONS, NODES, PODS } from '#kube/resource.ts'
import {
  WORKLOAD_KINDS,
  WORKLOAD_RESOURCES,
  type WorkloadKind,
  type WorkloadProjection,
} from '#kube/workload-projection.ts'

/** What every source of a cluster is made with. */
export interface SourceParts extends Omit<SourceWatchOptions<never>, 'definition' | 'observer'> {
  readonly uses: ClusterUses
  readonly retainMs: number | undefined
  /** ms since the epoch. */
  readonly timeInCluster: () => number
  /** Makes the observer of one watch, by the name of its source. */
  readonly observe: (source: string) => ReflectorObserver
}

/** What the sources of a cluster share: the same images and namespaces stand in objects of all kinds. */
interface SharedParts extends SourceParts {
  readonly intern: TextDecode
}

/** A source, whatever it holds. */
export type AnySource = Pick<
  DiscoveredSource<unknown>,
  'name' | 'state' | 'start' | 'stop' | 'view' | 'barrier'
>

export interface ClusterSources {
  readonly all: readonly AnySource[]
  /** One for each node that has reported its own. */
  platforms(): readonly Platform[]
  /** Lets go of pods that finished longer ago than they count. */
  sweep(): void
}

/** Everything that is watched in one cluster, each source with its tables in `uses`. */
export function clusterSources(config: SourcesConfig, own: SourceParts): ClusterSources {
  const parts: SharedParts = { ...own, intern: stringInterner() }
  const { uses, timeInCluster, retainMs, onChange, intern } = parts
  const watch = <T>(definition: SourceDefinition<T>): AnySource =>
    new SourceWatch<T>({ ...parts, definition, observer: parts.observe(definition.name) })

  const pods = new PodSource({
    ...{ table: uses.table('pods'), kept: uses.table('pods/kept'), retainMs, onChange },
    clock: { now: timeInCluster },
  })
  const nodes = new NodeSource(config.nodes.enabled ? uses.table('nodes') : undefined, onChange)
  const all = [
    watch({ name: PODS.plural, resource: PODS, codec: podCodec(intern), sink: pods, blocks: true }),
    // Their platforms are wanted in any case.
    watch({
      ...{ name: NODES.plural, resource: NODES, codec: nodeCodec(intern), sink: nodes },
      blocks: config.nodes.enabled && config.nodes.blocks,
    }),
    ...workloadKinds(config).map((wanted) => watch(workloadSource(wanted, parts))),
  ]
  if (config.rolloutHistory.enabled) all.push(watch(revisionSource(config.rolloutHistory.blocks, parts)))
  for (const namespace of config.helmReleases?.namespaces ?? []) {
    all.push(watch(helmReleaseSource(namespace, config.helmReleases?.blocks ?? true, parts)))
  }
  config.custom.forEach((custom, index) => {
    all.push(customSource(custom, index, parts))
  })
  return { all, platforms: () => nodes.platforms(), sweep: () => pods.sweep() }
}

interface WantedKind {
  readonly kind: WorkloadKind
  readonly uses: ReadonlySet<UseKind>
  readonly blocks: boolean
}

/** ReplicaSets are both: those that run pods, and those that a rollback would bring back. */
function workloadKinds({ workloads, rolloutHistory }: SourcesConfig): WantedKind[] {
  return WORKLOAD_KINDS.flatMap((kind) => {
    const choices: [UseKind, SourceChoice][] = [['template', workloads]]
    if (kind === 'ReplicaSet') choices.push(['history', rolloutHistory])
    const wanted = choices.filter(([, { enabled }]) => enabled)
    if (wanted.length === 0) return []
    return [
      { kind, uses: new Set(wanted.map(([use]) => use)), blocks: wanted.some(([, { blocks }]) => blocks) },
    ]
  })
}

function workloadSource({ kind, uses: wanted, blocks }: WantedKind, { uses, onChange, intern }: SharedParts) {
  const resource = WORKLOAD_RESOURCES[kind]
  const onlyWanted = (workload: WorkloadProjection) => {
    const object = usingWorkload(workload)
    return wanted.has(object.use) ? object : undefined
  }
  const sink = new ObjectSource({
    feeds: [
      { table: uses.table(resource.plural), read: onlyWanted },
      { table: uses.table(`${resource.plural}/kept`), read: (workload) => keptBy(workload, kind) },
    ],
    onChange,
  })
  return { name: resource.plural, resource, codec: workloadCodec(kind, intern), sink, blocks }
}

function revisionSource(blocks: boolean, { uses, onChange, intern }: SharedParts) {
  const { plural } = CONTROLLER_REVISIONS
  const sink = new ObjectSource({
    feeds: [
      { table: uses.table(plural), read: usingRevision },
      {
        table: uses.table(`${plural}/kept`),
        read: (revision) => keptBy(revision, CONTROLLER_REVISIONS.kind),
      },
    ],
    // Other owners write what they like into a revision; these two write pod templates.
    isUnreadable: ({ unreadable, owner }) =>
      unreadable && (owner?.kind === 'StatefulSet' || owner?.kind === 'DaemonSet'),
    onChange,
  })
  return {
    ...{ name: plural, resource: CONTROLLER_REVISIONS, codec: controllerRevisionCodec(intern), sink, blocks },
    unreadable: () => sink.unreadable,
  }
}

function customSource(config: CustomSourceConfig, index: number, parts: SourceParts): AnySource {
  const { group, version, kind, blocks, rules } = config
  const name = `${kind.toLowerCase()}.${group === '' ? version : group}`
  const { uses, onChange } = parts
  const codec = jsonCodec(
    (raw): CustomObjectImages => ({ ...projectMeta(recordOf(raw).metadata), ...rules(raw) }),
  )
  const sink = new ObjectSource<CustomObjectImages>({
    feeds: [
      {
        // Several sources may speak about one kind.
        table: uses.table(`${name}/${index}`),
        read: ({ uid, namespace, name: object, owner, images }) => ({
          ...{ uid, namespace, name: object, kind, use: 'custom', owner, hasPullSecrets: false },
          images: images.map(named),
        }),
      },
      { table: uses.table(`${name}/${index}/kept`), read: (object) => keptBy(object, kind) },
    ],
    isUnreadable: ({ truncated }) => truncated,
    onChange,
  })
  return new DiscoveredSource({
    ...{ ...parts, kind: { group, version, kind }, observer: parts.observe(name) },
    definition: { name, codec, sink, blocks, unreadable: () => sink.unreadable },
  })
}

interface CustomObjectImages extends ReturnType<typeof projectMeta> {
  readonly images: readonly string[]
  readonly truncated: boolean
}
