import { run } from '../support/child.ts'

/** The time that one curl takes to DELETE manifests by their digests, one after the other on one connection. @returns ms each @throws Error where one is refused */
export async function curlDeleteMs(
  url: string,
  repository: string,
  digests: readonly string[],
): Promise<number> {
  const urls = digests.flatMap((digest) => ['-o', '/dev/null', `${url}/v2/${repository}/manifests/${digest}`])
  const started = performance.now()
  await run('curl', ['-sS', '--fail', '--fail-early', '-X', 'DELETE', ...urls])
  return (performance.now() - started) / digests.length
}
