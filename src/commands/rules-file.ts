import { z } from 'zod'
import { TallymanError } from '#catalogue/error.ts'
import { firstProblem } from '#commands/first-problem.ts'
import { readLocalFile } from '#commands/local-file.ts'
import { type RulesDocument, rulesDocuments } from '#commands/rules-documents.ts'
import { RetentionRulesSpec } from '#crds/retention-rule.ts'

const OPTION = '--rules'
/** Documents that a message names. */
const NAMED = 10
/** Of a whole RegistryPolicy only the rules count here. */
const Policy = z.object({ spec: z.object({ rules: RetentionRulesSpec }) }).transform(({ spec }) => spec.rules)
const Rules = z.strictObject({ rules: RetentionRulesSpec }).transform(({ rules }) => rules)

/**
 * The rules in a file of YAML or JSON. Of several documents the one that has some is taken.
 * @throws LOCAL_FILE_INVALID names the field and what is wrong with it, or the documents where not exactly one has rules
 */
export async function readRulesFile(path: string, signal: AbortSignal): Promise<RetentionRulesSpec> {
  const invalid = (why: string, cause?: unknown) =>
    new TallymanError('LOCAL_FILE_INVALID', `${OPTION}: ${path} ${why}`, { cause })
  const text = await readLocalFile(path, OPTION, signal)
  let documents: readonly RulesDocument[]
  try {
    documents = rulesDocuments(text)
  } catch (error) {
    // The parser has an error of its own, and throws others for aliases that name nothing, or too much.
    const why = error instanceof Error ? error.message : String(error)
    // It says where, and draws that below.
    throw invalid(`is no YAML: ${why.replace(/:?\n[\s\S]*/, '')}`, error)
  }
  const [written, ...others] = documents.filter(({ rulesAt }) => rulesAt !== undefined)
  if (written === undefined) {
    const held = documents.length === 0 ? '' : `; there is ${namesOf(documents)}`
    throw invalid(
      `holds no rules: a list is expected under rules:, or a RegistryPolicy with spec.rules${held}`,
    )
  }
  if (others.length > 0) {
    throw invalid(`holds rules more than once: ${namesOf([written, ...others])}. One of them is needed alone`)
  }
  const schema = written.rulesAt === 'rules' ? Rules : Policy
  const parsed = schema.safeParse(written.content)
  if (parsed.success) return parsed.data
  throw invalid(`cannot be used: ${firstProblem(parsed.error, schema, written.content)}`, parsed.error)
}

function namesOf(documents: readonly RulesDocument[]): string {
  const names = documents.slice(0, NAMED).map(({ name }) => name)
  const more = documents.length - names.length
  return more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`
}
