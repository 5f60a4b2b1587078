import type { LapInput } from '#scan/lap-input.ts'
import type { Lap } from '#scan/lap-result.ts'
import { LapWork } from '#scan/lap-work.ts'
import { compileSelection } from '#scan/selection.ts'
import { targetsInUse } from '#scan/targets.ts'

/**
 * Looks at every image in scope and judges what was seen. Writes nothing to the registry.
 * @throws TallymanError CANCELLED; REGISTRY_* where the registry does not list its repositories (scope All)
 */
export async function lap(input: LapInput): Promise<Lap> {
  const { spec, names, snapshot, memory } = input
  const work = new LapWork(input)
  const { targets, elsewhere } = targetsInUse(snapshot, names, compileSelection(spec.select))
  input.progress?.found(targets.length)
  await work.look(
    targets.map(({ use, target }) => ({
      use,
      target: { ...target, isSuspect: memory.found.has(use.image) },
    })),
  )
  const inUse = work.judged.length
  if (spec.scope === 'All') {
    const used = new Set(targets.map(({ target }) => `${target.repository}:${target.reference}`))
    await work.lookAtRest((repository, tag) => !used.has(`${repository}:${tag}`))
  }
  return work.result(inUse, elsewhere)
}
