import { damage } from '#test/harness/damage.ts'
import { containerImage, imageSeries, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import type { TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'

export interface Workload {
  readonly namespace: string
  readonly name: string
  readonly image: string
  /** What the node reports as running; absent: whatever the fake node makes up. */
  readonly imageID?: string
  readonly replicas: number
}

/** What was damaged, in words, and which tag it concerns. */
export interface Damage {
  readonly image: string
  readonly what: string
}

export interface Story {
  readonly images: number
  readonly workloads: readonly Workload[]
  /** What a second cluster uses. */
  readonly edge: readonly Workload[]
  readonly damages: readonly Damage[]
  /** Used in the second cluster alone. */
  readonly onlyAtEdge: string
  /** Puts back the truncated layer, for the second act. */
  readonly repair: { readonly image: string; readonly run: () => void }
}

/** Some thirty images in the registry, workloads in two clusters that use a dozen of them, and five that are really damaged on disk. */
export function tellStory(registry: TestRegistry): Story {
  const writer = new StorageWriter(registry.storageDir)
  const imageIDs = new Map<string, string>()
  const put = (repository: string, image: TestImage, tag: string) => {
    writer.write(repository, image, tag)
    const reference = `${registry.host}/${repository}:${tag}`
    imageIDs.set(reference, `${registry.host}/${repository}@${image.manifest.digest}`)
    return reference
  }

  const builds = (repository: string, count: number) =>
    [...imageSeries({ seed: repository, count, ownLayers: 2, layerSize: 4096 })].map((image, build) =>
      put(repository, image, `v1.${build}`),
    )
  const cart = builds('shop/cart', 6)
  const checkout = builds('shop/checkout', 6)
  const search = builds('shop/search', 6)
  const billing = builds('finance/billing', 5)
  const base = put('infra/base', containerImage({ seed: 'infra/base' }), 'bookworm')
  const proxy = put('infra/proxy', multiPlatformImage({ seed: 'infra/proxy', attestations: true }), '2.4')
  const agent = put('infra/agent', multiPlatformImage({ seed: 'infra/agent' }), '0.9')
  const reports = builds('finance/reports', 4)
  const till = builds('kiosk/till', 2)

  const at = (list: readonly string[], index: number) => list.at(index) ?? ''
  const plain: Workload[] = [
    { namespace: 'shop-prod', name: 'cart', image: at(cart, -1), replicas: 3 },
    { namespace: 'shop-prod', name: 'checkout', image: at(checkout, -2), replicas: 2 },
    { namespace: 'shop-prod', name: 'search', image: at(search, -1), replicas: 2 },
    { namespace: 'shop-staging', name: 'cart', image: at(cart, -1), replicas: 1 },
    { namespace: 'shop-staging', name: 'checkout', image: at(checkout, -1), replicas: 1 },
    { namespace: 'shop-staging', name: 'search', image: at(search, 0), replicas: 1 },
    { namespace: 'finance-prod', name: 'billing', image: at(billing, -1), replicas: 2 },
    { namespace: 'finance-prod', name: 'reports', image: at(reports, -1), replicas: 1 },
    { namespace: 'infra', name: 'base', image: base, replicas: 1 },
    { namespace: 'infra', name: 'proxy', image: proxy, replicas: 2 },
    { namespace: 'infra', name: 'agent', image: agent, replicas: 1 },
    { namespace: 'infra', name: 'elsewhere', image: 'registry.example.org/team/tool:1', replicas: 1 },
  ]

  // No pod runs there at night.
  const elsewhere: Workload[] = [
    { namespace: 'kiosk-prod', name: 'till', image: at(till, -1), replicas: 0 },
    { namespace: 'kiosk-prod', name: 'cart', image: at(cart, -1), replicas: 0 },
  ]

  const withID = (workload: Workload) => {
    const imageID = imageIDs.get(workload.image)
    return imageID === undefined ? workload : { ...workload, imageID }
  }

  const { storageDir } = registry
  const break_ = (kind: Parameters<typeof damage>[0], repository: string, tag: string, layer = 0) =>
    damage(kind, { storageDir, repository, reference: tag, layer })
  break_('tag-gone', 'shop/checkout', 'v1.4')
  break_('layer-missing', 'finance/billing', 'v1.4', 1)
  break_('child-missing', 'infra/agent', '0.9')
  break_('manifest-missing', 'kiosk/till', 'v1.1')
  const repair = break_('layer-half', 'shop/search', 'v1.0', 1)

  return {
    images: imageIDs.size,
    workloads: plain.map(withID),
    edge: elsewhere.map(withID),
    damages: [
      { image: at(checkout, -2), what: 'tag removed' },
      { image: at(billing, -1), what: 'file of a layer removed' },
      { image: agent, what: 'manifest of linux/amd64 removed from under its index' },
      { image: at(search, 0), what: 'file of a layer cut to half' },
      { image: at(till, -1), what: 'file of the manifest removed; only the second cluster uses it' },
    ],
    onlyAtEdge: at(till, -1),
    repair: { image: at(search, 0), run: repair },
  }
}
