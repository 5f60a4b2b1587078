import { expect, it } from 'vitest'
import { parseDepends } from '#test/harness/binaries/debian.ts'

it('finds the packages in what apt-cache says, once each and without the virtual ones', () => {
  const output = `wrk
  Depends: libc6
  Depends: libluajit-5.1-2
libc6
  Depends: libgcc-s1
<perl-base>
libluajit-5.1-2
`
  expect(parseDepends(output)).toEqual(['wrk', 'libc6', 'libluajit-5.1-2'])
})
