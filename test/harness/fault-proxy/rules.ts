import { type Fault, isFinal } from './faults.ts'
import { matcher, type RequestMatch } from './match.ts'
import type { RecordedRequest } from './record.ts'

interface Rule {
  readonly fault: Fault
  readonly matches: (request: RecordedRequest) => boolean
  struck: number
}

/** The faults in force, in the order in which they were added. */
export class RuleBook {
  readonly #random: () => number
  #rules: readonly Rule[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  add(fault: Fault, match?: RequestMatch): () => void {
    const rule: Rule = { fault, matches: matcher(match), struck: 0 }
    this.#rules = [...this.#rules, rule]
    return () => {
      this.#rules = this.#rules.filter((other) => other !== rule)
    }
  }

  clear(): void {
    this.#rules = []
  }

  /**
   * The faults that strike `request`: every rule's that matches, up to the first after which nothing is left to
   * strike. Every rule counts the request, also those that come after that one.
   */
  strike(request: RecordedRequest): readonly Fault[] {
    const matching = this.#rules.filter((rule) => rule.matches(request))
    const faults: Fault[] = []
    for (const rule of matching) {
      const { probability, times } = rule.fault
      if (times !== undefined && rule.struck >= times) continue
      if (probability !== undefined && this.#random() >= probability) continue
      rule.struck += 1
      faults.push(rule.fault)
      if (isFinal(rule.fault)) break
    }
    return faults
  }
}
