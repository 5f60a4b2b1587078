import { setImmediate } from 'node:timers/promises'

/** So many are looked at in one turn of the event loop: some milliseconds. */
const STEP = 16_384

/** Goes through much without holding up whoever else has something to do. */
export async function* inSteps<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  let seen = 0
  for (const item of items) {
    seen += 1
    if (seen % STEP === 0) await setImmediate()
    yield item
  }
}
