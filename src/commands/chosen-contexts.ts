import { compileGlob } from '#crds/glob.ts'

/**
 * The contexts that names and patterns mean, each once, in the order of `known` within each of them.
 * @param known all contexts of the kubeconfig
 * @returns what is wrong with the first that means none
 */
export function chosenContexts(
  wanted: readonly string[],
  known: readonly string[],
): { readonly contexts: readonly string[] } | { readonly wrong: string; readonly problem: string } {
  const chosen = new Set<string>()
  for (const text of wanted) {
    const glob = compileGlob(text)
    const matching = known.includes(text) ? [text] : known.filter((name) => glob.matches(name))
    if (matching.length === 0) {
      const has = known.length === 0 ? 'The kubeconfig has none' : `The kubeconfig has: ${known.join(', ')}`
      return { wrong: text, problem: `No context has this name or matches it. ${has}.` }
    }
    for (const name of matching) chosen.add(name)
  }
  return { contexts: [...chosen] }
}
