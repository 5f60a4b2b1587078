import type { Command } from 'commander'
import { parseRegistryPlace, type RegistryPlace } from '#commands/registry-place.ts'
import type { RmOptions } from '#commands/rm-options.ts'
import { type ImageReference, parseReference } from '#inventory/reference.ts'
import type { RemovalRequest } from '#retention/removal-reach.ts'

/** What `tallyman rm` is asked for. */
export interface AskedRemoval {
  readonly place: RegistryPlace
  /** Each once. */
  readonly requests: readonly RemovalRequest[]
  readonly options: RmOptions
}

/** What the arguments name, all in one registry. Ends the process where they don't. */
export function askedRemoval(texts: readonly string[], options: RmOptions, command: Command): AskedRemoval {
  const images = texts.map((text) => {
    const reference = parseReference(text)
    const problem = reference === undefined ? 'It is no image reference.' : problemOf(reference, text)
    if (reference !== undefined && problem === undefined) return { text, reference }
    return command.error(`error: argument 'image' '${text}' is invalid. ${problem}`)
  })
  const hosts = [...new Set(images.map(({ reference }) => reference.host))]
  const [host = ''] = hosts
  if (hosts.length > 1) {
    command.error(`error: the images are in ${hosts.join(' and ')}: name those of one registry at a time.`)
  }
  const place = parseRegistryPlace(host, { plainHttp: options.plainHttp === true })
  if ('problem' in place) command.error(`error: argument 'image' is invalid. ${place.problem}`)
  refuseStrayForce(images, options, command)
  const requests = images.map(({ text, reference: { repository, tag, digest } }): RemovalRequest => {
    const request = { repository, tag, digest }
    return { ...request, isForced: isNamed(options.forceInUse, text, requestName(request)) }
  })
  return {
    place,
    options,
    requests: [...new Map(requests.map((each) => [requestName(each), each])).values()],
  }
}

/** `shop/cart:v1`, `shop/cart@sha256:…`: without the registry. */
export function requestName({ repository, tag, digest }: Omit<RemovalRequest, 'isForced'>): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/** What is to go has to be named: no tag is implied here. */
function problemOf({ tag, digest }: ImageReference, text: string): string | undefined {
  if (digest !== undefined || tag === undefined || text.endsWith(`:${tag}`)) return undefined
  return 'It names no tag and no digest: REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:… is needed.'
}

interface AskedImage {
  readonly text: string
  readonly reference: ImageReference
}

function refuseStrayForce(images: readonly AskedImage[], { forceInUse }: RmOptions, command: Command): void {
  const stray = forceInUse.find(
    (name) => !images.some(({ text, reference }) => isNamed([name], text, requestName(reference))),
  )
  if (stray === undefined) return
  command.error(
    `error: option '--force-in-use' argument '${stray}' is invalid. It must repeat one of the images as it is named.`,
  )
}

function isNamed(names: readonly string[], text: string, short: string): boolean {
  return names.includes(text) || names.includes(short)
}
