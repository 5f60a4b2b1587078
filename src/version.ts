import manifest from '../package.json' with { type: 'json' }

/** `0.1.0 (1a2b3c4)`: the version of package.json and the commit that the bundle was made from. */
export function version(): string {
  return `${manifest.version} (${process.env.TALLYMAN_COMMIT ?? 'from source'})`
}
