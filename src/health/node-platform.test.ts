import { expect, test } from 'vitest'
import { canRun } from '#health/node-platform.ts'

const AMD64 = [{ os: 'linux', architecture: 'amd64' }]
const BOTH = [...AMD64, { os: 'linux', architecture: 'arm64' }]

test.each([
  [{ os: 'linux', architecture: 'amd64' }, AMD64, true],
  [{ os: 'linux', architecture: 'amd64', variant: 'v1' }, AMD64, true],
  // Pulled by a real containerd: see test/node.
  [{ os: 'linux', architecture: 'amd64', variant: 'v3' }, AMD64, false],
  [{ os: 'linux', architecture: '386' }, AMD64, false],
  [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, AMD64, false],
  [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, BOTH, true],
  [{ os: 'windows', architecture: 'amd64' }, BOTH, false],
  [{ os: 'unknown', architecture: 'unknown' }, [], false],
  [{ os: 'plan9', architecture: 'mips' }, [], true],
  [undefined, AMD64, true],
] as const)('a manifest for %j can be run by nodes %j: %s', (platform, nodes, expected) => {
  expect(canRun(platform, nodes)).toBe(expected)
})
