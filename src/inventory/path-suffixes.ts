/**
 * The paths in which `path` ends, itself included, on borders of segments and of two segments or more, longest first.
 * One segment is too little to take one repository for another by (S06).
 */
export function pathSuffixes(path: string): string[] {
  const found: string[] = []
  for (let start = 0; path.indexOf('/', start) !== -1; start = path.indexOf('/', start) + 1) {
    found.push(path.slice(start))
  }
  return found
}
