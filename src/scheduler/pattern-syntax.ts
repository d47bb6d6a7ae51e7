import { invalid } from '../core/engine-error.ts'
import { escapedSet, type SetOf, union } from './character-set.ts'

/** What a pattern says, as a tree. */
export type Expression =
  | { readonly kind: 'one'; readonly of: SetOf }
  | { readonly kind: 'edge'; readonly at: 'start' | 'end' | 'word' | 'notWord' }
  | { readonly kind: 'all'; readonly of: readonly Expression[] }
  | { readonly kind: 'any'; readonly of: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly of: Expression; readonly least: number; readonly most: number | undefined }

export const LONGEST_PATTERN = 1_000
const DEEPEST_GROUP = 50
const MOST_REPEATS = 1_000

/**
 * Reads a Java regular expression. What a linear-time matcher cannot do (back references, look-around, possessive
 * quantifiers, atomic groups) and what nobody uses in attributes (nested classes, flags but a leading `(?i)`) is
 * refused: EngineError `invalid`, facts.field is `field`.
 */
export function parsePattern(
  text: string,
  field: string,
): { readonly expression: Expression; readonly ignoreCase: boolean } {
  if (text.length > LONGEST_PATTERN) throw invalid(field, `a pattern may have ${LONGEST_PATTERN} characters at most`)
  const ignoreCase = text.startsWith('(?i)')
  const reader = new Reader(ignoreCase ? text.slice(4) : text, field)
  const expression = reader.alternatives(0)
  if (!reader.atEnd) throw reader.wrong('a ) closes nothing')
  return { expression, ignoreCase }
}

class Reader {
  readonly #characters: readonly string[]
  readonly #field: string
  #at = 0

  constructor(text: string, field: string) {
    this.#characters = [...text]
    this.#field = field
  }

  get atEnd(): boolean {
    return this.#at >= this.#characters.length
  }

  wrong(why: string): Error {
    return invalid(this.#field, `not a pattern: ${why} (at character ${this.#at + 1})`)
  }

  alternatives(depth: number): Expression {
    if (depth > DEEPEST_GROUP) throw this.wrong('its groups are nested too deep')
    const branches = [this.#sequence(depth)]
    while (this.#takes('|')) branches.push(this.#sequence(depth))
    return branches.length === 1 ? branches[0]! : { kind: 'any', of: branches }
  }

  #sequence(depth: number): Expression {
    const parts: Expression[] = []
    while (!this.atEnd && this.#peek !== '|' && this.#peek !== ')') {
      if (this.#takesText('\\Q')) parts.push(...this.#quoted())
      else parts.push(this.#quantified(this.#atom(depth)))
    }
    return parts.length === 1 ? parts[0]! : { kind: 'all', of: parts }
  }

  #quoted(): Expression[] {
    const literals: Expression[] = []
    while (!this.atEnd && !this.#takesText('\\E')) literals.push(one(this.#next()))
    const last = literals.pop()
    return last === undefined ? [] : [...literals, this.#quantified(last)]
  }

  #quantified(of: Expression): Expression {
    const bounds = this.#bounds()
    if (bounds === undefined) return of
    if (this.#takes('+')) throw this.wrong('possessive quantifiers are not supported')
    this.#takes('?')
    if (this.#peek !== undefined && '*+?{'.includes(this.#peek)) throw this.wrong('a quantifier follows a quantifier')
    return { kind: 'repeat', of, ...bounds }
  }

  #bounds(): { least: number; most: number | undefined } | undefined {
    if (this.#takes('*')) return { least: 0, most: undefined }
    if (this.#takes('+')) return { least: 1, most: undefined }
    if (this.#takes('?')) return { least: 0, most: 1 }
    if (!this.#takes('{')) return undefined
    const least = this.#number()
    const most = this.#takes(',') ? (this.#peek === '}' ? undefined : this.#number()) : least
    if (!this.#takes('}')) throw this.wrong('{ must be followed by a count, as {2} or {2,5}')
    if (most !== undefined && most < least) throw this.wrong('a count must not fall')
    return { least, most }
  }

  #number(): number {
    let digits = ''
    while (this.#peek !== undefined && /[0-9]/.test(this.#peek)) digits += this.#next()
    if (digits === '' || Number(digits) > MOST_REPEATS) throw this.wrong(`a count is a number up to ${MOST_REPEATS}`)
    return Number(digits)
  }

  #atom(depth: number): Expression {
    const character = this.#next()
    if (character === '(') return this.#group(depth)
    if (character === '[') return { kind: 'one', of: this.#set() }
    if (character === '.') return { kind: 'one', of: (code) => !LINE_ENDS.has(code) }
    if (character === '^') return { kind: 'edge', at: 'start' }
    if (character === '$') return { kind: 'edge', at: 'end' }
    if (character === '\\') return this.#escape()
    if ('*+?{'.includes(character)) throw this.wrong(`there is nothing for ${character} to repeat`)
    return one(character)
  }

  #group(depth: number): Expression {
    if (this.#takes('?')) this.#groupHead()
    const inside = this.alternatives(depth + 1)
    if (!this.#takes(')')) throw this.wrong('a group is not closed')
    return inside
  }

  #groupHead(): void {
    if (this.#takes(':')) return
    const isNamed = this.#takes('<') && /[A-Za-z]/.test(this.#peek ?? '')
    if (!isNamed) throw this.wrong('look-around, atomic groups and flags inside are not supported')
    while (!this.#takes('>')) {
      if (this.atEnd) throw this.wrong("a group's name is not closed")
      this.#next()
    }
  }

  #escape(): Expression {
    if (this.#takes('b')) return { kind: 'edge', at: 'word' }
    if (this.#takes('B')) return { kind: 'edge', at: 'notWord' }
    if (this.#takes('A')) return { kind: 'edge', at: 'start' }
    if (this.#takes('z') || this.#takes('Z')) return { kind: 'edge', at: 'end' }
    const of = this.#escapedSet()
    return { kind: 'one', of: typeof of === 'number' ? (code) => code === of : of }
  }

  /** After a backslash: a set such as \d, or one character's code. */
  #escapedSet(): SetOf | number {
    if (this.atEnd) throw this.wrong('it ends in a backslash')
    const letter = this.#next()
    if (letter === 'p' || letter === 'P') return this.#property(letter === 'P')
    if (letter === 'x') return this.#hex(2)
    if (letter === 'u') return this.#hex(4)
    const meaning = escapedSet(letter)
    if (meaning !== undefined) return meaning
    if (/[0-9A-Za-z]/.test(letter)) throw this.wrong(`\\${letter} is not supported`)
    return letter.codePointAt(0)!
  }

  #property(negated: boolean): SetOf {
    let name = ''
    if (this.#takes('{')) while (!this.atEnd && !this.#takes('}')) name += this.#next()
    const set = escapedSet(`p{${name}}`)
    if (typeof set !== 'function') throw this.wrong(`\\p{${name}} is not supported`)
    return negated ? (code) => !set(code) : set
  }

  #hex(digits: number): number {
    const text = this.#characters.slice(this.#at, this.#at + digits).join('')
    if (text.length !== digits || !/^[0-9A-Fa-f]+$/.test(text))
      throw this.wrong(`${digits} hexadecimal digits are missing`)
    this.#at += digits
    return Number.parseInt(text, 16)
  }

  #set(): SetOf {
    const negated = this.#takes('^')
    const parts: SetOf[] = []
    for (let first = true; first || this.#peek !== ']'; first = false) {
      if (this.atEnd) throw this.wrong('a [ is not closed')
      parts.push(this.#setPart())
    }
    this.#at += 1
    const all = union(parts)
    return negated ? (code) => !all(code) : all
  }

  #setPart(): SetOf {
    const from = this.#setMember()
    if (typeof from === 'function') return from
    const isRange = this.#peek === '-' && this.#characters[this.#at + 1] !== ']'
    if (!isRange) return (code) => code === from
    this.#at += 1
    const to = this.#setMember()
    if (typeof to === 'function' || to < from) throw this.wrong('a range must rise')
    return (code) => code >= from && code <= to
  }

  #setMember(): SetOf | number {
    if (this.atEnd) throw this.wrong('a [ is not closed')
    if (this.#peek === '[' || this.#takesText('&&')) throw this.wrong('classes inside classes are not supported')
    const character = this.#next()
    return character === '\\' ? this.#escapedSet() : character.codePointAt(0)!
  }

  get #peek(): string | undefined {
    return this.#characters[this.#at]
  }

  #next(): string {
    const character = this.#characters[this.#at]
    if (character === undefined) throw this.wrong('it ends too early')
    this.#at += 1
    return character
  }

  #takes(character: string): boolean {
    if (this.#peek !== character) return false
    this.#at += 1
    return true
  }

  #takesText(text: string): boolean {
    if (this.#peek !== text[0] || this.#characters[this.#at + 1] !== text[1]) return false
    this.#at += 2
    return true
  }
}

/** What `.` does not match in Java. */
const LINE_ENDS: ReadonlySet<number> = new Set([0x0a, 0x0d, 0x85, 0x2028, 0x2029])

const one = (character: string): Expression => {
  const wanted = character.codePointAt(0)!
  return { kind: 'one', of: (code) => code === wanted }
}
