import { checkThroughRoughNetwork } from '#test/harness/rough-network.ts'
import type { Figure } from '../figure.ts'
import { CONNECTIONS } from './fixture.ts'

/** A healthy registry behind a bad network, with some images that are really damaged among the others. */
export async function falseFindings(): Promise<Figure> {
  const { falselyBroken, planted, found, seenWhole, whole, requests } = await checkThroughRoughNetwork({
    ...{ version: '3', depth: 'Blobs', whole: 400, concurrency: CONNECTIONS },
  })
  return {
    name: 'check.false-findings',
    value: falselyBroken.length,
    unit: 'findings',
    aim: { op: '=', value: 0 },
    beside: {
      'planted damage': planted.length,
      'of it found': found.length,
      'share of healthy images seen healthy': seenWhole / whole,
      requests,
    },
  }
}
