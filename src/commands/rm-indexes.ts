import type { AskedRemoval } from '#commands/rm-images.ts'
import type { RecentUseParts } from '#commands/rm-use.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { RegistryClient } from '#registry/client.ts'
import { usedImages } from '#scan/used-images.ts'
import { UsedIndexes } from '#scan/used-indexes.ts'
import { systemClock } from '#time/clock.ts'

const NOTHING: ReadonlySet<string> = new Set()

/** What the indexes contain that are in use in the repositories from which something is to go (S35). */
export function holdersOf(
  { requests, options }: Pick<AskedRemoval, 'requests' | 'options'>,
  names: RegistryNames,
  client: RegistryClient,
): RecentUseParts['holders'] {
  const indexes = new UsedIndexes()
  const repositories = requests.map(({ repository }) => repository)
  return async (usage, signal) => {
    const { holders, damaged } = await indexes.holders({
      ...{ repositories, signal, clock: systemClock, known: NOTHING, used: usedImages(usage, names) },
      client: async () => client,
      concurrency: options.concurrency,
    })
    if (damaged !== undefined) throw damaged
    return holders
  }
}
