import { z } from 'zod'
import { withRules } from '#crds/fields.ts'

/** What may stand in place of five fields: as in a CronJob. */
const WORDS = ['@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually']
const PATTERN = `^(${WORDS.join('|')}|\\s*\\S+(\\s+\\S+){4}\\s*)$`

/** What is right in place of what is none. */
export const SCHEDULE_MESSAGE = `must be a cron expression with five fields, such as "0 3 * * *", or one of ${WORDS.join(', ')}`

/** Whether a text has the form of a schedule. What its fields say, and whether it ever comes, is looked at where it is used. */
export function isSchedule(text: string): boolean {
  return new RegExp(PATTERN).test(text)
}

/** spec.schedule of whatever has one. */
export const cronSchedule = withRules(
  z
    .string()
    .max(128)
    .describe(
      `Cron expression with five fields (minute, hour, day of month, month, day of week) or one of ${WORDS.join(', ')}, in place of interval. "0 0 31 2 *", which never comes, is refused by the condition Stalled.`,
    ),
  {
    rule: `self.matches('${PATTERN.replaceAll('\\', '\\\\')}')`,
    message: SCHEDULE_MESSAGE,
  },
).optional()
