/** How many users or nodes a line names. */
const NAMED = 5

/** The first few of `names`, and how many more there are: `a, b and 3 more`. @param all how many they would be in full */
export function namedText(names: readonly string[], all = names.length): string {
  const more = Math.max(all, names.length) - Math.min(names.length, NAMED)
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
