import { z } from 'zod'
import { anchorTag } from '#retention/anchor-tag.ts'
import { containerImage, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import type { TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import type { Use, Uses } from './fleet.ts'

/** A registry in which a policy finds images that are used in every way, and others. */
export interface Shop {
  readonly name: string
  /** What pods call it. */
  readonly host: string
  readonly server: TestRegistry
  /** A Deployment that is then rolled out anew: from now on only an older ReplicaSet names this image. */
  readonly before: Uses
  readonly uses: Uses
  /** What it takes to run `uses` once more after `build`. */
  readonly later: Uses
  /** A rule keeps it, and nobody has used it yet. */
  readonly kept: Uses
  /** Everything in its repository goes. */
  readonly doomed: Uses
  /** Nobody uses it when the plan is made: the tag of an image that goes, and of an index, a digest, and a tag once `promote` has moved it. */
  readonly late: Uses
  /** Content that only images have that go. */
  readonly garbage: readonly string[]
  /** The tags of each repository once all is gone that nothing keeps, with an anchor. */
  readonly left: Readonly<Record<string, readonly string[]>>
  /** CI moves a tag that pods run. */
  build(): void
  /** CI moves a tag that stays onto an image that goes. */
  promote(): void
}

/** @param name every path begins with it: a path that is used under any host counts as used here (S06) */
export function stockShop(name: string, server: TestRegistry): Shop {
  const host = `${name}.example.com`
  const storage = new StorageWriter(server.storageDir)
  const stock = (repository: string, image: TestImage, ...tags: string[]): Use => {
    storage.write(`${name}/${repository}`, image, ...tags)
    return { image: `${host}/${name}/${repository}:${tags[0]}`, digest: image.manifest.digest }
  }
  // What stays shares a layer with what goes.
  const build = (seed: string) =>
    containerImage({ seed: `${name}/${seed}`, layers: [{ seed: `${name}/base`, size: 512 }], runnable: true })
  const index = (seed: string) => multiPlatformImage({ seed: `${name}/${seed}`, runnable: true })
  const byDigest = ({ image, digest }: Use): Use => ({
    image: `${image.slice(0, image.lastIndexOf(':'))}@${digest}`,
    digest,
  })

  const shared = build('web/v5').blobs.map(({ digest }) => digest)
  for (const repository of ['web', 'api', 'twin', 'back']) {
    for (const tag of ['v1', 'v9']) stock(repository, build(`${repository}/${tag}`), tag)
  }
  stock('stable', build('stable/b6'), 'b6')
  stock('idle', build('idle/v2'), 'v2')
  const main = stock('moved', build('moved/1'), 'main')
  const uses = {
    [`${name}-web`]: stock('web', build('web/v5'), 'v5'),
    [`${name}-api`]: byDigest(stock('api', build('api/v5'), 'v5')),
    [`${name}-many`]: stock('many', index('many/v2'), 'v2'),
    [`${name}-twin`]: stock('twin', build('twin/v5'), 'prod', 'v5'),
    [`${name}-back`]: stock('back', build('back/v6'), 'v6'),
    [`${name}-moved`]: main,
    [`${name}-fixed`]: byDigest(main),
  }
  const promoted = build('twin/v9')
  const rebuilt = build('moved/2')
  return {
    ...{ name, host, server, uses },
    before: { [`${name}-back`]: stock('back', build('back/v5'), 'v5') },
    later: { ...uses, [`${name}-moved`]: { image: main.image, digest: rebuilt.manifest.digest } },
    kept: { [`${name}-stable`]: stock('stable', build('stable/b7'), 'stable', 'b7') },
    late: {
      [`${name}-late`]: stock('web', build('web/v9'), 'v9'),
      [`${name}-late-index`]: stock('many', index('many/v1'), 'v1'),
      [`${name}-late-digest`]: byDigest(stock('api', build('api/v9'), 'v9')),
      [`${name}-late-moved`]: { image: `${host}/${name}/twin:v5`, digest: promoted.manifest.digest },
    },
    doomed: { [`${name}-idle`]: stock('idle', index('idle/v1'), 'v1') },
    garbage: [build('web/v9'), ...index('many/v1').children].flatMap(({ manifest, blobs }) => [
      manifest.digest,
      ...blobs.filter(({ digest }) => !shared.includes(digest)).map(({ digest }) => digest),
    ]),
    left: {
      ...{ web: ['v5'], api: ['v5'], many: ['v2'], twin: ['prod', 'v5'], back: ['v5', 'v6'] },
      ...{ moved: ['main', anchorTag(main.digest)], stable: ['stable'], idle: [] },
    },
    build: () => void stock('moved', rebuilt, 'main'),
    promote: () => void stock('twin', promoted, 'v5'),
  }
}

const Tags = z.object({ tags: z.array(z.string()).nullish() })

/** Sorted. */
export async function tagsOf({ name, server }: Shop, repository: string): Promise<string[]> {
  const { body } = await server.wire.send({ path: `/v2/${name}/${repository}/tags/list` })
  return (Tags.parse(JSON.parse(body.toString('utf8'))).tags ?? []).sort()
}
