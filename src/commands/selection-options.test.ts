import { expect, test } from 'vitest'
import { lsCommand } from '#commands/ls.ts'

async function refusal(...words: readonly string[]): Promise<string> {
  let text = ''
  const command = lsCommand(async () => 0).exitOverride()
  command.configureOutput({ writeErr: (written) => (text += written) })
  await expect(command.parseAsync(['registry.example.com', ...words], { from: 'user' })).rejects.toThrow()
  return text
}

test.each([
  [
    ['--tag', 'v*', '--tag', '[a'],
    /option '--tag' is invalid\. "\[a" matches no tag, because "\[" is in none/,
  ],
  [['--exclude-tag', 'app:v1'], /option '--exclude-tag' is invalid\. "app:v1" matches no tag, because ":"/],
  [['-r', '{a,b}/*'], /option '--repository' is invalid\. .* matches no repository, because "\{"/],
  [['--exclude-repository', 'a b'], /option '--exclude-repository' is invalid\. .*because " "/],
])('a pattern that can match nothing is refused: %j', async (words, message) => {
  expect(await refusal(...words)).toMatch(message)
})
