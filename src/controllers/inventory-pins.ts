import { asTallymanError } from '#catalogue/error.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import type { SecretCache } from '#controllers/secret-cache.ts'
import type { ImageInventorySpec } from '#crds/image-inventory.ts'
import { parsePinFile } from '#inventory/pin-file.ts'
import { compilePins, DEFAULT_PINS } from '#inventory/pins.ts'

/**
 * The pins of a spec, with those of its ConfigMaps. A ConfigMap that can't be read, and a line that says nothing, are problems: something
 * may be needed that is not known.
 */
export async function resolvePins(
  { patterns = [], configMaps = [], withoutDefaults }: ImageInventorySpec['pins'],
  namespace: string,
  secrets: SecretCache,
  signal: AbortSignal,
): Promise<Pick<InventoryConfig, 'pins' | 'pinProblems'>> {
  const all = [...patterns, ...(withoutDefaults ? [] : DEFAULT_PINS)]
  const problems: string[] = []
  for (const { name } of configMaps) {
    try {
      const { data } = await secrets.read('ConfigMap', { namespace, name }, signal)
      for (const [key, content] of data) {
        const { pins, invalid } = parsePinFile(content.toString('utf8'))
        all.push(...pins)
        for (const { line, text, problem } of invalid) {
          problems.push(
            `ConfigMap ${namespace}/${name}, ${key} line ${line}: ${JSON.stringify(text)} ${problem}`,
          )
        }
      }
    } catch (thrown) {
      problems.push(asTallymanError(thrown).advice)
    }
  }
  return { pins: compilePins(all), pinProblems: problems }
}
