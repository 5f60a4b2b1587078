import { CONTENT_BYTES_PER_SECOND, CONTENT_CYCLE } from '#crds/registry-check.ts'
import type { ImageEvidence } from '#health/evidence.ts'
import type { Finding } from '#health/finding.ts'
import { compileIgnores, isIgnored } from '#health/ignore.ts'
import { type JudgeContext, judge } from '#health/judge.ts'
import { canRun } from '#health/node-platform.ts'
import { withWhatWasFound } from '#health/persistence.ts'
import { type JudgedImage, rollUp, stateOf } from '#health/roll-up.ts'
import { compileSeverityRules } from '#health/severity.ts'
import { unusedImage } from '#health/unused-image.ts'
import { spellings } from '#inventory/locate.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import { type ImageScanOptions, type ImageTarget, scanImages } from '#scan/image-scan.ts'
import type { LapInput } from '#scan/lap-input.ts'
import type { Lap, LookedAtImage } from '#scan/lap-result.ts'
import { LapProofs } from '#scan/proof-memory.ts'
import { ReferrerLists } from '#scan/referrer-lists.ts'
import { selectedRepositories, selectedTags } from '#scan/repository-tags.ts'
import { compileSelection, type Selection } from '#scan/selection.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import { parseDuration } from '#time/duration.ts'

/** How many tags of a repository are looked at together: what is seen of them is held until they are judged. */
const BATCH = 100

interface Task {
  readonly use: ImageUse
  readonly target: ImageTarget
}

/** The looks and the judgements of one lap. */
export class LapWork {
  readonly judged: JudgedImage[] = []
  readonly #looked: { readonly use: ImageUse; readonly target?: ImageTarget | undefined }[] = []
  readonly #emptyRepositories: Finding[] = []
  readonly #input: LapInput
  readonly #proofs: LapProofs
  readonly #selection: Selection
  readonly #context: JudgeContext
  readonly #scan: Omit<ImageScanOptions, 'signal'>

  constructor(input: LapInput) {
    const { spec, snapshot, clock, memory, untilNextLapMs, pullThrough, concurrency, readingMs, provesAnew } =
      input
    const cycleMs = parseDuration(spec.content?.cycle ?? CONTENT_CYCLE) ?? 0
    this.#input = input
    this.#selection = compileSelection(spec.select, input.workspaces)
    this.#proofs = new LapProofs(
      memory.proofs,
      {
        maxAgeMs: provesAnew ? Number.NEGATIVE_INFINITY : (parseDuration(spec.evidenceMaxAge) ?? 0),
        untilNextLapMs,
        contentCycleMs: spec.depth === 'Content' ? cycleMs : undefined,
      },
      clock,
    )
    this.#context = {
      platforms: snapshot.platforms,
      severity: compileSeverityRules(spec.severity),
      referrers: spec.referrerSeverity,
      ignore: compileIgnores(spec.ignore),
      now: clock.now(),
    }
    this.#scan = {
      ...{ clock, concurrency, proofs: this.#proofs },
      onLooked: input.progress && (() => input.progress?.looked()),
      referrers: spec.referrers === true ? new ReferrerLists(input.client, clock) : undefined,
      depth: pullThrough ? 'Head' : spec.depth,
      content: {
        bytesPerSecond: spec.content?.bytesPerSecond ?? CONTENT_BYTES_PER_SECOND,
        until: clock.monotonic() + readingMs,
      },
      wants: spec.platforms === 'Nodes' ? (platform) => canRun(platform, snapshot.platforms) : undefined,
    }
  }

  async look(tasks: readonly Task[], signal = this.#input.signal): Promise<void> {
    const targets = tasks.map(({ target }) => target)
    const seen = await scanImages(this.#input.client, targets, { ...this.#scan, signal })
    const evidence = await Promise.all(tasks.map((task, index) => this.#asPods(task, seen[index])))
    evidence.forEach((seen, index) => {
      const task = tasks[index]
      if (seen !== undefined && task !== undefined) this.#add(task, judge(task.use, seen, this.#context))
    })
  }

  /** What is not there can be pulled by nobody, and what nobody pulls needs no Secret. */
  async #asPods({ use, target }: Task, seen: ImageEvidence | undefined): Promise<ImageEvidence | undefined> {
    const { asPods } = this.#input
    if (asPods === undefined || seen?.manifest.sight.state !== 'present' || use.neverPulled) return seen
    const pods = await asPods(use, target)
    return pods === undefined ? seen : { ...seen, pods }
  }

  /** Every tag of the registry for which `isLeft`. Several repositories at once: most have few tags. */
  async lookAtRest(isLeft: (repository: string, tag: string) => boolean): Promise<void> {
    const { client, concurrency, clock, repositories: named } = this.#input
    const stop = new AbortController()
    const signal = AbortSignal.any([this.#input.signal, stop.signal])
    const repositories = named ?? selectedRepositories(client, this.#selection, { clock, signal })
    const look = (repository: string) => this.#lookAtRepository(repository, isLeft, signal)
    await sideBySide(repositories, concurrency, look, stop)
  }

  result(inUse: number, elsewhere: number): Lap {
    const { spec, pullThrough } = this.#input
    this.#proofs.keep()
    const summary = rollUp(this.judged, this.#emptyRepositories)
    return {
      ...summary,
      lookedAt: this.judged.map((image, index) => this.#lookedAt(image, index)),
      ...{ inUse, elsewhere, accepted: this.judged.flatMap(({ ignored }) => ignored) },
      oldestEvidence: this.#proofs.oldest,
      content: spec.depth === 'Content' && !pullThrough ? this.#proofs.content : undefined,
      memory: { proofs: this.#input.memory.proofs, found: this.#found() },
    }
  }

  #lookedAt(image: JudgedImage, index: number): LookedAtImage {
    const { use, target } = this.#looked[index] ?? { use: unusedImage(''), target: undefined }
    const { findings } = image
    if (target === undefined) return { use, state: stateOf(image), findings }
    const { repository, reference, isTag } = target
    const digest = isTag ? this.#proofs.tag(repository, reference) : reference
    return { use, state: stateOf(image), findings, place: { repository, reference, isTag, digest } }
  }

  async #lookAtRepository(
    repository: string,
    isLeft: (repository: string, tag: string) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, clock, names } = this.#input
    const name = spellings(repository, names)[0] ?? repository
    const listed = await selectedTags(client, repository, this.#selection, { clock, signal })
    if ('state' in listed) {
      const manifest = { reference: repository, sight: listed, layers: [], children: [] }
      const use = unusedImage(name)
      this.#add({ use }, judge(use, { repository, manifest, running: [] }, this.#context))
      return
    }
    // Of one that is only named it is not known whether the registry has it at all.
    if (listed.isEmpty && this.#input.repositories === undefined) this.#addEmpty(name, repository)
    const builtAfter = this.#builtAfter()
    const left = listed.tags.filter((tag) => isLeft(repository, tag))
    this.#input.progress?.found(left.length)
    for (let from = 0; from < left.length; from += BATCH) {
      const tasks = left.slice(from, from + BATCH).map((tag): Task => {
        const use = unusedImage(`${name}:${tag}`)
        const isSuspect = this.#input.memory.found.has(use.image)
        return {
          use,
          target: { repository, reference: tag, isTag: true, runningDigests: [], isSuspect, builtAfter },
        }
      })
      await this.look(tasks, signal)
    }
  }

  #builtAfter(): number | undefined {
    const { maxAge } = this.#input.spec.select ?? {}
    return maxAge === undefined ? undefined : this.#context.now - (parseDuration(maxAge) ?? 0)
  }

  #addEmpty(name: string, repository: string): void {
    const finding: Finding = {
      code: 'RepositoryEmpty',
      subject: repository,
      message: `the registry lists repository ${repository}, and it has no tags`,
      harmful: false,
      severity: 'Info',
      use: unusedImage(name),
    }
    const { ignore, now } = this.#context
    if (!isIgnored(finding, ignore, now)) this.#emptyRepositories.push(finding)
  }

  #add(looked: { readonly use: ImageUse; readonly target?: ImageTarget }, seen: JudgedImage): void {
    const { use } = looked
    const image = withWhatWasFound(seen, use, this.#input.memory.found.get(use.image) ?? [])
    this.#looked.push(looked)
    this.judged.push(image.findings.length + image.ignored.length === 0 ? NOTHING_WRONG : image)
  }

  /** What harms nobody is looked at anew all the same where it is missing: only proofs of what is there are kept. */
  #found(): ReadonlyMap<string, readonly Finding[]> {
    const found = new Map<string, readonly Finding[]>()
    this.judged.forEach(({ findings, ignored }, index) => {
      const harmful = [...findings, ...ignored].filter((finding) => finding.harmful)
      const image = this.#looked[index]?.use.image
      if (harmful.length > 0 && image !== undefined) found.set(image, harmful)
    })
    return found
  }
}

/** One object for most images of a large registry. */
const NOTHING_WRONG: JudgedImage = { findings: [], ignored: [] }
