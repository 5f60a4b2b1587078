import { disagreements, startAgreement } from '#test/node/support/agreement.ts'
import type { Figure } from '../figure.ts'

/** Findings at depth Content against pulls by a real kubelet and containerd with an empty store: test/node, counted. */
export async function agreementFigure(): Promise<Figure> {
  const agreement = await startAgreement()
  try {
    const outcomes = agreement.damaged.flat()
    return {
      name: 'check.agreement',
      value: disagreements(outcomes, 'Content').length,
      unit: 'disagreements',
      aim: { op: '=', value: 0 },
      beside: {
        images: outcomes.length,
        'pulls that failed': outcomes.filter(({ pull }) => !pull.pulled).length,
        'without a verdict': outcomes.filter(({ verdicts }) => verdicts.Content.state === 'unknown').length,
      },
    }
  } finally {
    await agreement.stop()
  }
}
