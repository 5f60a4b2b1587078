import { containerImage, multiPlatformImage, type TestImage } from '#test/harness/images.ts'

const FIRST_MS = Date.UTC(2026, 0, 1)
const STEP_MS = 60_000

/** The n-th build of a repository, later by its date than all before it. Every fourth is for two platforms. */
export function build(repository: string, n: number): TestImage {
  const options = { seed: `${repository}/${n}`, created: new Date(FIRST_MS + n * STEP_MS).toISOString() }
  return n % 4 === 3 ? multiPlatformImage(options) : containerImage(options)
}

/** Of its manifest, and of every manifest below it. */
export function digestsOf(image: TestImage): [string, ...string[]] {
  return [image.manifest.digest, ...image.children.flatMap(digestsOf)]
}
