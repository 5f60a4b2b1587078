import { TallymanError } from '#catalogue/error.ts'
import type { Journal } from '#evict/journal.ts'
import { journalState } from '#evict/journal-state.ts'
import { placeholder } from '#evict/placeholder.ts'
import { untag } from '#evict/untag.ts'
import { type EvictionSite, evictionOf } from './eviction.ts'
import { containerImage } from './images.ts'

/** What a process left that died while a placeholder stood in for tags. */
export interface LeftOver {
  /** What its tags named: a and b were to go, c stays. */
  readonly own: Readonly<Record<'a' | 'b' | 'c', string>>
  /** Digest of the placeholder. */
  readonly stand: string
}

/** Writes a placeholder over a and b of a new repository, and dies at its DELETE. */
export async function diedOverwriting(
  site: EvictionSite,
  repository: string,
  journal: Journal,
  when: 'before it arrived' | 'after it was done',
): Promise<LeftOver> {
  const build = (tag: string) => containerImage({ seed: `${repository}/${tag}` })
  const tags = { a: build('a'), b: build('b'), c: build('c') }
  for (const [tag, image] of Object.entries(tags)) site.storage.write(repository, image, tag)
  const dying = new AbortController()
  const onStrike = () => dying.abort(new TallymanError('CANCELLED', 'killed'))
  const kind =
    when === 'before it arrived' ? ({ kind: 'cut', at: 'request' } as const) : { kind: 'drop' as const }
  // The first DELETE there is of a manifest that nobody has.
  site.proxy.rule({ ...kind, times: 1, onStrike }, { method: 'DELETE', nth: 2 })
  site.proxy.rule({ kind: 'cut', at: 'request' }, { where: () => dying.signal.aborted })
  const { hands } = site.hands(repository, { journal, signal: dying.signal })
  await untag(hands, evictionOf(repository, tags, ['a', 'b']), 'Placeholder').catch(() => undefined)
  site.proxy.clear()
  const [open] = (await journalState(journal)).open
  if (open?.step.action !== 'overwrite') throw new Error('the process did not die in between')
  return {
    own: { a: tags.a.manifest.digest, b: tags.b.manifest.digest, c: tags.c.manifest.digest },
    stand: placeholder(open.step.nonce).digest,
  }
}
