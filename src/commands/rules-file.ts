import { parse } from 'yaml'
import { z } from 'zod'
import { TallymanError } from '#catalogue/error.ts'
import { readLocalFile } from '#commands/local-file.ts'
import { RetentionRulesSpec } from '#crds/retention-rule.ts'

const OPTION = '--rules'
/** Of a whole RegistryPolicy only the rules count here. */
const Policy = z.object({ spec: z.object({ rules: RetentionRulesSpec }) }).transform(({ spec }) => spec.rules)
const Rules = z.strictObject({ rules: RetentionRulesSpec }).transform(({ rules }) => rules)

/**
 * The rules in a file of YAML or JSON.
 * @throws LOCAL_FILE_INVALID names the field and what is wrong with it
 */
export async function readRulesFile(path: string, signal: AbortSignal): Promise<RetentionRulesSpec> {
  const invalid = (why: string, cause?: unknown) =>
    new TallymanError('LOCAL_FILE_INVALID', `${OPTION}: ${path} ${why}`, { cause })
  const text = await readLocalFile(path, OPTION, signal)
  let written: unknown
  try {
    written = parse(text)
  } catch (error) {
    // The parser has an error of its own, and throws others for aliases that name nothing, or too much.
    const why = error instanceof Error ? error.message : String(error)
    throw invalid(`is no YAML: ${why}`, error)
  }
  if (!isObject(written) || !('rules' in written || 'spec' in written)) {
    throw invalid('holds no rules: a list is expected under rules:, or a RegistryPolicy with spec.rules')
  }
  const parsed = ('rules' in written ? Rules : Policy).safeParse(written)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = z.core.toDotPath(issue?.path ?? [])
  throw invalid(
    `cannot be used: ${field === '' ? 'it' : field}: ${issue?.message ?? 'invalid'}`,
    parsed.error,
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
