import type { Soak } from '#retention/soak.ts'
import { type CellReader, CellWriter } from '#scan/kept-cells.ts'
import { runsOf } from '#scan/kept-runs.ts'

/** Since when plans agree, in the order of the last plan, as the content of files. */
export function* soakFiles(since: Soak['since']): Generator<Buffer> {
  for (const run of runsOf(since, ([key]) => key)) {
    const cells = new CellWriter()
    for (const [key, at] of run) {
      cells.text(key)
      cells.number(at)
    }
    yield cells.bytes()
  }
}

/** @throws MEMORY_INVALID */
export function* readSoak(cells: CellReader): Generator<[string, number]> {
  while (!cells.isAtEnd) yield [cells.text(), cells.number()]
}
