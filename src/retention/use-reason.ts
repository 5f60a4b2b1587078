import type { UseReason } from '#inventory/in-use-index.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import type { Match } from '#inventory/usage-lookup.ts'
import type { UseKind } from '#inventory/using-object.ts'
import { type Reason, reason } from '#retention/reasons.ts'

const DOES: Readonly<Record<UseKind, string>> = {
  pod: 'runs it',
  template: 'names it',
  history: 'would roll back to it',
  custom: 'names it',
  kept: 'says that it needs it',
  helm: 'is a Helm release that names it',
  node: 'has it in its cache',
}

/** Why something is in use, by the strongest of the reasons for it; undefined: it is not. */
export function useReason(uses: readonly UseReason[]): Reason | undefined {
  const [first] = uses
  if (first === undefined) return undefined
  switch (first.kind) {
    case 'pinned':
      return reason('Pinned', first.pin + ofInstallation(first.installation))
    case 'claimed':
      return reason('InUse', `the installation ${first.claimed.installation} claims it`)
    case 'remembered': {
      const { users, cluster, lastSeen, image } = first.remembered
      const who = users.at(-1) === undefined ? cluster : `${cluster}/${users.at(-1)}`
      return reason('UsedLately', who + underName(first.match, image), 0, lastSeen)
    }
    default:
      return liveReason(first.use, first.kind)
  }
}

function liveReason(use: ImageUse, match: Match): Reason {
  const [user, ...others] = use.users
  const as = underName(match, use.image)
  if (user === undefined) return reason('InUse', `something uses it${as}`)
  const { cluster, namespace, kind, name } = user
  const who = [cluster, namespace, kind, name].filter((part) => part !== '').join('/')
  const does = use.finishedOnly ? 'ran it' : DOES[use.kinds[0] ?? 'pod']
  return reason('InUse', `${who} ${does}${as}`, others.length)
}

/** A name that is not the registry's own has to be said: it may be meant for another one. */
function underName(match: Match, image: string): string {
  return match === 'salvaged' || match === 'suspected-alias' ? ` as ${image}` : ''
}

function ofInstallation(installation: string | undefined): string {
  return installation === undefined ? '' : ` of the installation ${installation}`
}
