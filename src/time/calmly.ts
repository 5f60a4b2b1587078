import { setImmediate } from 'node:timers/promises'

/** Works, and lets others have their turn between two steps. */
export async function calmly<T>(steps: Generator<undefined, T>): Promise<T> {
  let step = steps.next()
  while (step.done !== true) {
    await setImmediate()
    step = steps.next()
  }
  return step.value
}
