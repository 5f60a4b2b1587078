import { createHash } from 'node:crypto'

/** Registries take 255 characters; the path of their URL and what else is put behind it come on top. */
const MAX_REPOSITORY = 200

/** A repository of ours for something of that name, `place/name`. A name that is too long for that is there by its hash. */
export function repositoryBelow(place: string, name: string): string {
  const plain = `${place}/${name}`
  if (plain.length <= MAX_REPOSITORY) return plain
  return `${place}/${createHash('sha256').update(name).digest('hex').slice(0, 40)}`
}
