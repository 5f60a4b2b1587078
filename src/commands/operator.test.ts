import { describe, expect, test } from 'vitest'
import { type OperatorOptions, operatorCommand } from '#commands/operator.ts'

/** What `tallyman operator` with these arguments runs with, or says and ends. */
async function parse(...args: string[]): Promise<OperatorOptions | string> {
  const seen: OperatorOptions[] = []
  const said: string[] = []
  const command = operatorCommand(async (options) => void seen.push(options))
  command.exitOverride().configureOutput({ writeErr: (text) => void said.push(text) })
  await command.parseAsync(args, { from: 'user' }).catch(() => undefined)
  return seen[0] ?? said.join('')
}

describe('the times of the election', () => {
  test('are those of the documentation unless flags say otherwise', async () => {
    expect(await parse()).toMatchObject({ leaseDuration: 30_000, renewDeadline: 20_000, retryPeriod: 4_000 })
    expect(await parse('--lease-duration', '60s', '--renew-deadline', '40s')).toMatchObject({
      leaseDuration: 60_000,
      renewDeadline: 40_000,
    })
  })

  test('S16: that leave a request no time to end before another replica leads are refused, with the remedy', async () => {
    expect(await parse('--lease-duration', '15s', '--renew-deadline', '14s')).toBe(
      'error: --lease-duration 15000ms is too short for --renew-deadline 14000ms: a request that the leader has sent must ' +
        'end before another replica leads. Use --lease-duration 15500ms or more, or a shorter --renew-deadline.\n',
    )
    expect(await parse('--lease-duration', '10s')).toContain('Use --lease-duration 21500ms or more')
  })

  test('that leave no second try to renew are refused, with the remedy', async () => {
    expect(await parse('--retry-period', '17s')).toBe(
      'error: --renew-deadline 20000ms leaves no time to try again every 17000ms. ' +
        'Use more than 1.2 times --retry-period, or a shorter --retry-period.\n',
    )
  })
})
