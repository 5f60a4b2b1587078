import { decodeHelmRelease } from '#clusters/helm-decode.ts'
import { ObjectSource } from '#clusters/object-source.ts'
import type { SourceDefinition } from '#clusters/source-watch.ts'
import { named } from '#clusters/using-workload.ts'
import type { ClusterUses } from '#inventory/cluster-uses.ts'
import { helmReleaseImages } from '#inventory/helm-release.ts'
import { recordOf, textOf } from '#kube/json.ts'
import { jsonCodec } from '#kube/json-codec.ts'
import { type MetaProjection, projectMeta } from '#kube/meta-projection.ts'
import { SECRETS } from '#kube/resource.ts'

interface HelmRelease extends MetaProjection {
  readonly images: readonly string[]
  readonly unreadable: boolean
}

export interface HelmSourceParts {
  readonly uses: ClusterUses
  readonly onChange: () => void
}

/** Helm's release Secrets of one namespace: every revision that is still there, because a rollback may bring back any of them. */
export function helmReleaseSource(
  namespace: string,
  blocks: boolean,
  { uses, onChange }: HelmSourceParts,
): SourceDefinition<HelmRelease> {
  const name = `secrets/${namespace}`
  const sink = new ObjectSource<HelmRelease>({
    feeds: [
      {
        table: uses.table(name),
        read: ({ uid, name: secret, images }) => ({
          ...{ uid, namespace, name: secret, kind: SECRETS.kind, use: 'helm', hasPullSecrets: false },
          images: images.map(named),
        }),
      },
    ],
    isUnreadable: ({ unreadable }) => unreadable,
    onChange,
  })
  return {
    ...{ name, resource: SECRETS, namespace, labelSelector: 'owner=helm', sink, blocks },
    codec: jsonCodec(projectRelease),
    unreadable: () => sink.unreadable,
  }
}

/** Only images are kept: nothing else of the Secret outlives this call. */
function projectRelease(raw: unknown): HelmRelease {
  const { metadata, data } = recordOf(raw)
  const meta = projectMeta(metadata)
  const release = decodeHelmRelease(textOf(recordOf(data).release))
  if (release === undefined) return { ...meta, images: [], unreadable: true }
  const { images, unreadable } = helmReleaseImages(release)
  return { ...meta, images, unreadable }
}
