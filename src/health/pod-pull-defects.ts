import type { PodPullEvidence } from '#health/evidence.ts'
import type { Defect } from '#health/finding.ts'

/** So many workloads are told of in one message. */
const TOLD = 3

/**
 * What is wrong with the Secrets that pods pull an image with. A Secret that is broken and not needed harms nobody.
 * @param subject tag or digest that pods pull
 */
export function podPullDefects(subject: string, { refused, unusable }: PodPullEvidence): Defect[] {
  const [first] = refused
  if (first !== undefined) {
    const { code: cause, answer, message } = first.sight
    const told = refused.slice(0, TOLD).map(({ workload, secrets }) => `${workload} (${secrets.join('; ')})`)
    const more = refused.length > TOLD ? ` and ${refused.length - TOLD} more` : ''
    return [
      {
        ...{ code: 'PullSecretRefused', subject, cause, harmful: true },
        message: `a new pod could not pull it: ${told.join(', ')}${more}. ${message}`,
        ...(answer && { answer }),
      },
    ]
  }
  if (unusable.length === 0) return []
  const message = `pods name what they cannot pull with, and do without: ${unusable.slice(0, TOLD).join(', ')}`
  return [{ code: 'PullSecretUnusable', subject, message, harmful: false }]
}
