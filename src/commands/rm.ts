import { Argument, Command } from 'commander'
import { contextsFor } from '#commands/cluster-options.ts'
import { watchedUse } from '#commands/cluster-use.ts'
import { refuseHalfLogin } from '#commands/registry-options.ts'
import { type AskedRegistry, FAILED, withRegistry } from '#commands/registry-session.ts'
import { contextOfInstallation } from '#commands/rm-claim-owner.ts'
import { ClaimedUsage } from '#commands/rm-claims.ts'
import { type AskedRemoval, askedRemoval } from '#commands/rm-images.ts'
import { holdersOf } from '#commands/rm-indexes.ts'
import { type RmOptions, withRmOptions } from '#commands/rm-options.ts'
import { rmRun } from '#commands/rm-run.ts'
import { RecentUse } from '#commands/rm-use.ts'
import { systemClock } from '#time/clock.ts'

/** `tallyman rm`. @param run does it; resolves with the exit code */
export function rmCommand(run: (asked: AskedRemoval) => Promise<number>): Command {
  const images = new Argument(
    '<image...>',
    'registry/repository:tag or registry/repository@sha256:…, all in one registry',
  )
  return withRmOptions(new Command('rm').addArgument(images))
    .description('Remove tags and digests from a registry, unless something uses them.')
    .addHelpText('after', REMARKS)
    .action(async (texts: readonly string[], options: RmOptions, command: Command) => {
      refuseHalfLogin(options, command)
      const asked = askedRemoval(texts, options, command)
      process.exitCode = await run({
        ...asked,
        options: { ...options, contexts: contextsFor(options, command) },
      })
    })
}

const REMARKS = `
A tag takes its manifest along where no other tag names that and nothing needs it, and with it what it holds and its signatures. It remembers
nothing: what was in use an hour ago and is not now counts as unused.

Exit codes: 0 it is removed, or would be; 2 nothing is: something is in use or not there, or nobody could be asked; 3 some of it is not,
because it came into use or was moved meanwhile; 1 it failed: what has gone by then is told.`

/** @returns the exit code @throws CANCELLED */
export async function removeImages(
  { place, requests, options }: AskedRemoval,
  surroundings: Omit<AskedRegistry, 'place' | 'options' | 'observer'>,
): Promise<number> {
  return await withRegistry({ ...surroundings, place, options }, async (session) => {
    const names = { host: place.host, aliases: options.alias }
    const { terminal } = surroundings
    const clusters = await watchedUse(options, terminal, session.signal)
    if (clusters === undefined) return FAILED
    try {
      const repositories = requests.map(({ repository }) => repository)
      const claims = new ClaimedUsage(session.client, repositories, (installation, ends) =>
        contextOfInstallation(installation, options, ends),
      )
      const holders = holdersOf({ requests, options }, names, session.client)
      const parts = { clusters, claims, names, holders, clock: systemClock }
      const use = await RecentUse.read(parts, session.signal)
      const watched = clusters.clusters.map(({ name }) => name)
      return await rmRun({ place, requests, options }, { use, clusters: watched }, session, terminal)
    } finally {
      await clusters.stop()
    }
  })
}
