/** Takes all steps at once, and gives what they come to. */
export function atOnce<T>(steps: Generator<undefined, T>): T {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}
