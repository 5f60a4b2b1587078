import { describe, expect, it } from 'vitest'
import { FAMILIES } from '#test/harness/binaries/families.ts'
import { readFamilyModule } from '#test/harness/binaries/family-version.ts'
import { parseGoMod, programOfPackage } from '#test/harness/binaries/go-mod.ts'

it('reads single directives, blocks and comments', () => {
  const text = `module example.test/tools // ours

go 1.26.0

godebug default=go1.26

tool example.test/one/cmd/a
tool (
	example.test/two/cmd/b
	example.test/two/v3 // the module is the program
)

require example.test/one v1.2.3
require (
	// example.test/not v9.9.9
	example.test/two/v3 v3.0.1 // indirect
)

replace example.test/one => ./one
`
  expect(parseGoMod(text)).toEqual({
    go: '1.26.0',
    tools: ['example.test/one/cmd/a', 'example.test/two/cmd/b', 'example.test/two/v3'],
    requires: new Map([
      ['example.test/one', 'v1.2.3'],
      ['example.test/two/v3', 'v3.0.1'],
    ]),
  })
})

it.each([
  ['k8s.io/kubernetes/cmd/kubectl', 'kubectl'],
  ['go.etcd.io/etcd/server/v3', 'server'],
  ['github.com/distribution/distribution/v3/cmd/registry', 'registry'],
])('Go builds %s into a file called %s', (packagePath, file) => {
  expect(programOfPackage(packagePath)).toBe(file)
})

describe.each(FAMILIES)('the family $name', (family) => {
  it('has a version and a tool directive for each of its programs', async () => {
    const { version, goMod } = await readFamilyModule(family)
    expect(version).toMatch(/^v\d+\.\d+\.\d+$/)
    expect(goMod.tools.map(programOfPackage).sort()).toEqual(family.programs.map(({ file }) => file).sort())
  })

  it('names release files over https that state the version', () => {
    for (const program of family.programs) {
      for (const arch of ['amd64', 'arm64'] as const) {
        const release = family.release(program, 'v1.2.3', { os: 'linux', arch })
        expect(release?.url).toMatch(/^https:\/\/.*1\.2\.3/)
        expect(release?.checksumUrl).toMatch(/^https:\/\/.*1\.2\.3/)
      }
    }
  })
})
