import { describe, expect, test } from 'vitest'
import { chosenContexts } from '#commands/chosen-contexts.ts'

const KNOWN = ['dev', 'prod-eu', 'prod-us', 'arn:aws:eks:eu-west-1:1:cluster/shop']

describe('contexts', () => {
  test.each([
    [['dev'], ['dev']],
    [['prod-*'], ['prod-eu', 'prod-us']],
    [
      ['prod-us', 'prod-*', 'dev'],
      ['prod-us', 'prod-eu', 'dev'],
    ],
    [['arn:*/shop'], ['arn:aws:eks:eu-west-1:1:cluster/shop']],
    [['**'], KNOWN],
  ])('%j are %j', (wanted, contexts) => {
    expect(chosenContexts(wanted, KNOWN)).toEqual({ contexts })
  })

  test('that are not known are told with those that are', () => {
    expect(chosenContexts(['dev', 'prd-*'], KNOWN)).toEqual({
      wrong: 'prd-*',
      problem: `No context has this name or matches it. The kubeconfig has: ${KNOWN.join(', ')}.`,
    })
    expect(chosenContexts(['dev'], [])).toMatchObject({
      problem: 'No context has this name or matches it. The kubeconfig has none.',
    })
  })

  test('with a star in their name can be named', () => {
    expect(chosenContexts(['a*'], ['a*', 'ab'])).toEqual({ contexts: ['a*'] })
  })
})
