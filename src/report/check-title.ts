import type { CheckReport } from '#report/check-report.ts'

/** Whose report it is: `namespace/name` of a RegistryCheck; the name alone where it is none, as of the command line. */
export function checkTitle({ namespace, name }: Pick<CheckReport['check'], 'namespace' | 'name'>): string {
  return namespace === '' ? name : `${namespace}/${name}`
}
