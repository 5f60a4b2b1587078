import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Selected } from '#commands/selection-options.ts'
import type { RegistryClient } from '#registry/client.ts'
import { selectedRepositories } from '#scan/repository-tags.ts'
import { systemClock } from '#time/clock.ts'

/**
 * The repositories that are meant, in the order of the registry; those that are named outright as they are named, and nothing is asked.
 * @throws TallymanError where the registry does not list its repositories, or breaks off while it does
 */
export async function* chosenRepositories(
  client: RegistryClient,
  selected: Selected,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  if (selected.named !== undefined) {
    yield* selected.named
    return
  }
  try {
    yield* selectedRepositories(client, selected, { clock: systemClock, signal })
  } catch (thrown) {
    signal.throwIfAborted()
    const error = asTallymanError(thrown)
    if (error.kind !== 'denied') throw error
    // Many registries list to nobody, or to administrators only, what they let everybody pull.
    throw new TallymanError(
      error.code,
      `The registry does not list its repositories to this account; the tags of one that is named it may list all the same: ${error.message}`,
      { cause: error, details: error.details },
    )
  }
}
