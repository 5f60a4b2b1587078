import type { FindingCode } from '#catalogue/finding-codes.ts'

const PUSH_AGAIN =
  'Push the image again from where it still is: a build, another registry, or a node that caches it (ctr -n k8s.io images export).'
const STALE_CACHE =
  'If the push says that a layer already exists, the registry answers from its cache: restart it, then push.'
const RESTART_FIRST =
  'Restart the registry and look again: one that caches descriptors shows what is missing as damaged, and a push mends that.'
const REPLACE =
  'Pushing again does not replace damaged content on distribution: the registry believes that it has it. Remove the damaged file from its storage, restart the registry, then push the image again.'

/** What a person can do about a finding (research: registry-protocol, "the ten facts" 5 and 7). */
export const ADVICE: Readonly<Record<FindingCode, string>> = {
  TagMissing: 'Push the tag again, or let the workloads name one that exists.',
  ManifestMissing: PUSH_AGAIN,
  PlatformMissing:
    'Push the image again with all its platforms: the index stays, the manifest of this platform comes back.',
  ConfigMissing: `${PUSH_AGAIN} ${STALE_CACHE}`,
  LayerMissing: `${PUSH_AGAIN} ${STALE_CACHE}`,
  ManifestDamaged: REPLACE,
  ConfigDamaged: `${RESTART_FIRST} ${REPLACE}`,
  LayerDamaged: `${RESTART_FIRST} ${REPLACE}`,
  PullDenied:
    'Give the account of the Registry the right to pull this repository, or correct its Secret. Whether pods may pull it is not known.',
  PullSecretRefused:
    'Put a login that may pull this repository into the Secret that the message names, or let the pods name one that holds it; then look again. Running pods go on until they are rescheduled.',
  PullSecretUnusable: 'Create the Secret that the pods name, or take its name out of imagePullSecrets.',
  NotExamined:
    'Nothing is known to be wrong. If it stays, look into the log of the registry and at spec.limits of the Registry.',
  ManifestUnsupported:
    'Push the image again with a current client: container runtimes of today do not pull this kind of manifest.',
  RepositoryEmpty: 'Nothing has to be done. A repository without tags costs nothing but its name.',
  Drifted:
    'Nothing has to be done for the tag. A pod that needs exactly the old content has to name a digest that the registry has.',
  ReferrerMissing:
    'Sign or attach it again. Pods start without it, unless an admission controller wants to read it.',
  ReferrerDamaged:
    'Pods start without it, unless an admission controller wants to read it. Remove the damaged file from the storage of the registry, restart the registry, then sign or attach it again.',
}
