/**
 * Reading a request's JSON as Cloud Controller's messages do: every mistake is collected and told in one sentence,
 * joined by `, `; unknown keys come first.
 */
import { messageParseError, unprocessable } from '../errors.ts'

export type Json = Readonly<Record<string, unknown>>

export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {}
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), withinRange)
  } catch {
    throw messageParseError()
  }
}

/** The largest number that is taken is 2^63 - 1. As a double that is 2^63, which clients cannot read: the one below it is. */
const BEYOND = 2 ** 63
const LARGEST = 2 ** 63 - 1_024

const withinRange = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  value === BEYOND && context?.source === '9223372036854775807' ? LARGEST : value

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A body must be an object; anything else is the parse error that clients know. */
export function objectOf(body: unknown): Json {
  if (!isObject(body)) throw messageParseError()
  return body
}

/** Collects what is wrong with a message. */
export class Problems {
  readonly #found: string[] = []

  constructor(body: Json, known: readonly string[]) {
    const unknown = Object.keys(body).filter((key) => !known.includes(key))
    if (unknown.length > 0) this.add(`Unknown field(s): ${unknown.map((key) => `'${key}'`).join(', ')}`)
  }

  get all(): readonly string[] {
    return this.#found
  }

  add(problem: string): void {
    this.#found.push(problem)
  }

  /** The same, giving back what stands for the value meanwhile. */
  instead<Value>(problem: string, value: Value): Value {
    this.add(problem)
    return value
  }

  /** Throws all of them as one, which begins with `where`. */
  check(where = ''): void {
    if (this.#found.length > 0) throw unprocessable(`${where}${this.#found.join(', ')}`)
  }

  /** A whole number above `least`; null and absent are fine (ActiveModel's numericality, its words). */
  integer(body: Json, key: string, label: string, least: number, words: string): number | undefined {
    const value = body[key]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'number') this.add(`${label} is not a number`)
    else if (!Number.isInteger(value)) this.add(`${label} must be an integer`)
    else if (value <= least) this.add(`${label} must be greater than ${words}`)
    else if (value >= BEYOND) this.add(`${label} must be less than or equal to 9223372036854775807`)
    else return value
    return undefined
  }

  text(body: Json, key: string, label: string, most: number): string | undefined {
    const value = body[key]
    if (value === undefined) return undefined
    if (typeof value !== 'string') this.add(`${label} must be a string`)
    else if (value.length < 1 || value.length > most) this.add(`${label} must be between 1 and ${most} characters`)
    else return value
    return undefined
  }
}

/** `relationships.<name>.data.guid`; undefined where it is not there. */
export function relatedGuid(body: Json, name: string): string | undefined {
  const relationships = body.relationships
  const one = isObject(relationships) ? relationships[name] : undefined
  return dataGuid(one)
}

/** `{"data":{"guid"}}`. */
export function dataGuid(value: unknown): string | undefined {
  const data = isObject(value) ? value.data : undefined
  const guid = isObject(data) ? data.guid : undefined
  return typeof guid === 'string' ? guid : undefined
}
