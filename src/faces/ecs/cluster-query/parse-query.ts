/**
 * Recursive descent over the text itself, because what a word may hold depends on where it stands: the argument of `=~`
 * is a regular expression with brackets of its own. `and` binds tighter than `or`.
 */
import { checkConstraint } from '../../../engine/constraint.ts'
import { invalidParameter } from '../errors.ts'
import { compileQuery } from './compile-query.ts'
import { MAX_QUERY_LENGTH, type Operator, type Query, type Subject } from './query.ts'

/** Longest first, so that `>=` is not read as `>`. */
const OPERATORS: readonly (readonly [string, Operator])[] = [
  ['greater_than_equal', 'greaterOrEqual'],
  ['less_than_equal', 'lessOrEqual'],
  ['greater_than', 'greater'],
  ['less_than', 'less'],
  ['not_equals', 'notEquals'],
  ['not_exists', 'notExists'],
  ['not_matches', 'notMatches'],
  ['not_in', 'notIn'],
  ['equals', 'equals'],
  ['exists', 'exists'],
  ['matches', 'matches'],
  ['!exists', 'notExists'],
  ['!in', 'notIn'],
  ['in', 'in'],
  ['==', 'equals'],
  ['!=', 'notEquals'],
  ['>=', 'greaterOrEqual'],
  ['<=', 'lessOrEqual'],
  ['=~', 'matches'],
  ['!~', 'notMatches'],
  ['>', 'greater'],
  ['<', 'less'],
]

const SUBJECTS = [
  'agentConnected',
  'agentVersion',
  'ec2InstanceId',
  'registeredAt',
  'runningTasksCount',
  'task:group',
] as const

/** Throws InvalidParameterException saying where it stopped understanding. */
export function parseQuery(text: string): Query {
  if (text.length > MAX_QUERY_LENGTH)
    throw invalidParameter(`Invalid expression: it must be at most ${MAX_QUERY_LENGTH} characters.`)
  const reader = new QueryReader(text)
  const query = reader.either()
  if (!reader.atEnd()) throw reader.problem('unexpected text')
  checkPatterns(query, text)
  return query
}

/** The core's own matcher says which regular expressions it takes: those it can match in linear time. */
function checkPatterns(query: Query, text: string): void {
  try {
    checkConstraint(compileQuery(query), 'expression')
  } catch (error) {
    throw invalidParameter(`Invalid expression: ${error instanceof Error ? error.message : ''} in '${text}'.`)
  }
}

class QueryReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  atEnd(): boolean {
    this.#skipSpace()
    return this.#at >= this.#text.length
  }

  problem(what: string): Error {
    return invalidParameter(`Invalid expression: ${what} at position ${this.#at} of '${this.#text}'.`)
  }

  either(): Query {
    return this.#joined('or', ['||', 'or'], () => this.#joined('and', ['&&', 'and'], () => this.#negated()))
  }

  #joined(kind: 'and' | 'or', joints: readonly string[], part: () => Query): Query {
    const parts = [part()]
    while (joints.some((joint) => this.#accept(joint))) parts.push(part())
    return parts.length === 1 ? parts[0]! : { kind, of: parts }
  }

  #negated(): Query {
    if (this.#accept('!') || this.#accept('not')) return { kind: 'not', of: this.#negated() }
    if (!this.#accept('(')) return this.#comparison()
    const inner = this.either()
    if (!this.#accept(')')) throw this.problem('expected )')
    return inner
  }

  #comparison(): Query {
    const subject = this.#subject()
    const found = OPERATORS.find(([sign]) => this.#accept(sign))
    if (!found) throw this.problem('expected an operator')
    return { kind: 'compare', subject, operator: found[1], values: this.#values(found[1]) }
  }

  #subject(): Subject {
    const word = this.#match(/[A-Za-z0-9_.:/\\-]+/y)
    if (word?.startsWith('attribute:') && word.length > 'attribute:'.length) return { attribute: word.slice(10) }
    const known = SUBJECTS.find((s) => s === word)
    if (known) return known
    throw this.problem(`unknown subject '${word ?? ''}'`)
  }

  #values(operator: Operator): readonly string[] {
    if (operator === 'exists' || operator === 'notExists') return []
    if (operator === 'in' || operator === 'notIn') return this.#list()
    if (operator === 'matches' || operator === 'notMatches') return [this.#pattern()]
    return [this.#value()]
  }

  #list(): readonly string[] {
    if (!this.#accept('[')) throw this.problem('expected [')
    const values = [this.#value()]
    while (this.#accept(',')) values.push(this.#value())
    if (!this.#accept(']')) throw this.problem('expected ]')
    return values
  }

  #value(): string {
    const value = this.#quoted() ?? this.#match(/[^\s()[\],&|!<>="']+/y)
    if (value === undefined) throw this.problem('expected a value')
    return value
  }

  #pattern(): string {
    const pattern = this.#quoted() ?? this.#bare()
    if (pattern === '') throw this.problem('expected a regular expression')
    return pattern
  }

  #quoted(): string | undefined {
    return this.#match(/'[^']*'|"[^"]*"/y)?.slice(1, -1)
  }

  /** Up to white space or a bracket that was opened before the expression. */
  #bare(): string {
    this.#skipSpace()
    const start = this.#at
    let open = 0
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]!
      if (/\s/.test(c) || (c === ')' && open === 0)) break
      if (c === '(') open++
      if (c === ')') open--
    }
    return this.#text.slice(start, this.#at)
  }

  /** A word is only accepted whole: `in` is not the beginning of `instance`. */
  #accept(sign: string): boolean {
    this.#skipSpace()
    if (!this.#text.startsWith(sign, this.#at)) return false
    const next = this.#text[this.#at + sign.length] ?? ''
    if (/\w$/.test(sign) && /[\w:.]/.test(next)) return false
    if (sign === '!' && (next === '=' || next === '~')) return false
    this.#at += sign.length
    return true
  }

  #match(pattern: RegExp): string | undefined {
    this.#skipSpace()
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found === undefined) return undefined
    this.#at += found.length
    return found
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }
}
