import { type DestinationStream, type Logger, pino } from 'pino'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Names of fields that hold secrets, wherever a log line carries them at its top or one level below. */
const SECRET_FIELDS = [
  'authorization',
  'Authorization',
  'password',
  'token',
  'identitytoken',
  'registrytoken',
  'auth',
  '[".dockerconfigjson"]',
  'credential',
  'credentials',
]

/**
 * The logger of the process: JSON lines, errors with their code and cause. What looks like a secret by its name is
 * replaced before it is written; nobody has to remember to do it.
 */
export function createLogger(options: { level: LogLevel }, destination?: DestinationStream): Logger {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, below(field)]), censor: '[redacted]' },
  }
  return destination === undefined ? pino(settings) : pino(settings, destination)
}

function below(field: string): string {
  return field.startsWith('[') ? `*${field}` : `*.${field}`
}
