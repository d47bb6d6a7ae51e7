/**
 * Readers of AWS JSON 1.1 values. A shape turns an unknown value into a typed one or refuses it as AWS's deserializers
 * do. Rules of the protocol:
 *
 * W1. A member that is null is a member that is absent.
 * W2. A member that the shape does not know is ignored.
 * W3. A value of another JSON type is a SerializationException; a value outside an enumeration is InvalidParameterException.
 */
import { invalidParameter, serialization } from '../errors.ts'

export interface Shape<T> {
  readonly read: (value: unknown, path: string) => T
  /** For structures: the names of its members, so that tests can compare them with the service model's. */
  readonly members?: Readonly<Record<string, Shape<unknown>>>
  readonly element?: Shape<unknown>
}

export type ValueOf<S> = S extends Shape<infer T> ? T : never

/** Texts as AWS's services give them for a JSON value of the wrong type (seen in public issues; not all confirmed). */
function mismatch(value: unknown, wanted: string): never {
  if (Array.isArray(value)) throw serialization('Start of list found where not expected')
  if (typeof value === 'object') throw serialization('Start of structure or map found where not expected.')
  throw serialization(`${tokenOf(value)} can not be converted to ${wanted}`)
}

function tokenOf(value: unknown): string {
  if (value === null) return 'NULL_VALUE'
  if (typeof value === 'string') return 'STRING_VALUE'
  if (typeof value === 'number') return Number.isInteger(value) ? 'NUMBER_VALUE' : 'DECIMAL_VALUE'
  return value === true ? 'TRUE_VALUE' : 'FALSE_VALUE'
}

export const text: Shape<string> = {
  read: (value) => (typeof value === 'string' ? value : mismatch(value, 'a String')),
}

export const flag: Shape<boolean> = {
  read: (value) => (typeof value === 'boolean' ? value : mismatch(value, 'a Boolean')),
}

const MAX_INTEGER = 2 ** 31 - 1

export const integer: Shape<number> = {
  read(value) {
    if (typeof value !== 'number' || !Number.isInteger(value)) return mismatch(value, 'an Integer')
    if (value > MAX_INTEGER || value < -MAX_INTEGER - 1) throw serialization('Numeric value out of range of an Integer')
    return value
  },
}

export const long: Shape<number> = {
  read(value) {
    if (typeof value !== 'number' || !Number.isInteger(value)) return mismatch(value, 'a Long')
    if (!Number.isSafeInteger(value)) throw serialization('Numeric value out of range of a Long')
    return value
  },
}

export const double: Shape<number> = {
  read: (value) => (typeof value === 'number' ? value : mismatch(value, 'a Double')),
}

export function oneOf<const V extends string>(...values: readonly V[]): Shape<V> {
  return {
    read(value, path) {
      const given = text.read(value, path)
      if ((values as readonly string[]).includes(given)) return given as V
      throw invalidParameter(`${path} should be one of [${values.join(',')}]`)
    },
  }
}

export function list<T>(element: Shape<T>): Shape<readonly T[]> {
  return {
    element,
    read(value, path) {
      if (!Array.isArray(value)) {
        if (typeof value === 'object') return mismatch(value, 'a List')
        throw serialization(`Expected list or null, found ${tokenOf(value)}`)
      }
      return value.map((item, i) => {
        if (item === null) throw invalidParameter(`${path}[${i}] must not be null`)
        return element.read(item, `${path}[${i}]`)
      })
    },
  }
}

export function map(): Shape<Readonly<Record<string, string>>> {
  return {
    read(value, path) {
      const given = objectOf(value)
      const entries = Object.entries(given).filter(([, v]) => v !== null)
      return Object.fromEntries(entries.map(([key, v]) => [key, text.read(v, `${path}.${key}`)]))
    },
  }
}

type Members = Readonly<Record<string, Shape<unknown>>>
type Structure<M extends Members, Required extends keyof M> = {
  readonly [K in Required]: ValueOf<M[K]>
} & { readonly [K in Exclude<keyof M, Required>]?: ValueOf<M[K]> }

/** A structure. The names in `required` must be there: InvalidParameterException otherwise. */
export function structure<M extends Members, const Required extends keyof M & string = never>(
  members: M,
  required: readonly Required[] = [],
): Shape<Structure<M, Required>> {
  const known = Object.entries(members)
  return {
    members,
    read(value, path) {
      const given = objectOf(value)
      const result: Record<string, unknown> = {}
      for (const [name, shape] of known) {
        const member = Object.hasOwn(given, name) ? given[name] : undefined
        if (member !== undefined && member !== null) result[name] = shape.read(member, path ? `${path}.${name}` : name)
      }
      for (const name of required)
        if (result[name] === undefined) throw invalidParameter(`${path ? `${path}.` : ''}${name} must not be null`)
      return result as Structure<M, Required>
    },
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) throw serialization('Start of list found where not expected')
  if (typeof value !== 'object' || value === null)
    throw serialization(`Expected map or structure, found ${tokenOf(value)}`)
  return value as Readonly<Record<string, unknown>>
}
