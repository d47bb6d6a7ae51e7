import { invalidParameter } from '../errors.ts'
import type { LogFilter } from './filter-pattern.ts'

type Test = (value: unknown) => boolean

/** `{ $.a.b = "x" && ($.n >= 5 || $.list[0] != y) }`, with `*` in texts, `IS NULL`, `IS TRUE`, `NOT EXISTS`. */
export function parseJsonPattern(pattern: string): LogFilter {
  const reader = new JsonPatternReader(pattern.slice(1, pattern.lastIndexOf('}')))
  if (!pattern.endsWith('}')) throw reader.problem()
  const test = reader.either()
  reader.expectEnd()
  return (message) => {
    const value = jsonOf(message)
    return value !== undefined && test(value)
  }
}

function jsonOf(message: string): unknown {
  if (!message.trimStart().startsWith('{') && !message.trimStart().startsWith('[')) return undefined
  try {
    return JSON.parse(message)
  } catch {
    return undefined
  }
}

class JsonPatternReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  problem(): Error {
    return invalidParameter('Invalid filter pattern')
  }

  expectEnd(): void {
    if (this.#read(/\s*$/y) === undefined) throw this.problem()
  }

  either(): Test {
    const parts = [this.#both()]
    while (this.#read(/\s*\|\|/y) !== undefined) parts.push(this.#both())
    return (value) => parts.some((test) => test(value))
  }

  #both(): Test {
    const parts = [this.#one()]
    while (this.#read(/\s*&&/y) !== undefined) parts.push(this.#one())
    return (value) => parts.every((test) => test(value))
  }

  #one(): Test {
    if (this.#read(/\s*\(/y) === undefined) return this.#comparison()
    const inner = this.either()
    if (this.#read(/\s*\)/y) === undefined) throw this.problem()
    return inner
  }

  #comparison(): Test {
    const selector = this.#read(/\s*\$(?:\.[A-Za-z0-9_-]+|\[\d+\])+/y)?.trim()
    if (selector === undefined) throw this.problem()
    const path = [...selector.matchAll(/\.([A-Za-z0-9_-]+)|\[(\d+)\]/g)].map((m) => m[1] ?? m[2]!)
    const test = this.#test()
    return (value) => test(path.reduce<unknown>(step, value))
  }

  #test(): Test {
    const word = this.#read(/\s*(?:IS\s+(?:NULL|TRUE|FALSE)|NOT\s+EXISTS)/iy)
    if (word !== undefined) return wordTest(word.trim().toUpperCase())
    const sign = this.#read(/\s*(?:>=|<=|!=|=|>|<)/y)?.trim()
    const given = this.#read(/\s*(?:"(?:[^"\\]|\\.)*"|[^\s()&|]+)/y)?.trim()
    if (sign === undefined || given === undefined) throw this.problem()
    return comparison(sign, given.startsWith('"') ? given.slice(1, -1).replace(/\\(.)/g, '$1') : given)
  }

  #read(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found === undefined) return undefined
    this.#at += found.length
    return found
  }
}

const step = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined

function wordTest(word: string): Test {
  if (/^NOT/.test(word)) return (value) => value === undefined
  if (word.endsWith('NULL')) return (value) => value === null
  return (value) => value === word.endsWith('TRUE')
}

function comparison(sign: string, wanted: string): Test {
  const number = Number(wanted)
  if (sign === '=') return (value) => value !== undefined && equal(value, wanted)
  if (sign === '!=') return (value) => value !== undefined && !equal(value, wanted)
  if (Number.isNaN(number)) throw invalidParameter('Invalid filter pattern')
  return (value) => {
    if (typeof value !== 'number') return false
    if (sign === '>') return value > number
    if (sign === '>=') return value >= number
    return sign === '<' ? value < number : value <= number
  }
}

function equal(value: unknown, wanted: string): boolean {
  if (typeof value === 'number') return value === Number(wanted)
  if (typeof value !== 'string') return String(value) === wanted
  return wanted.includes('*') ? withWildcards(value, wanted.split('*')) : value === wanted
}

/** Parts in order, the first at the beginning and the last at the end: linear in the value. */
function withWildcards(value: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts
  if (!value.startsWith(first)) return false
  const last = rest.pop() ?? ''
  let at = first.length
  for (const part of rest) {
    const found = value.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return value.length - last.length >= at && value.endsWith(last)
}
