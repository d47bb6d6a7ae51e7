/** Values that a JSON schema allows, for the keywords that the wire schemas use. */
import fc from 'fast-check'

type Schema = Readonly<Record<string, unknown>>

export function arbitraryOf(schema: unknown): fc.Arbitrary<unknown> {
  const s = schema as Schema
  if (Array.isArray(s.anyOf)) return fc.oneof(...s.anyOf.map(arbitraryOf))
  if (Array.isArray(s.enum)) return fc.constantFrom(...(s.enum as unknown[]))
  switch (s.type) {
    case 'string':
      return text(s)
    case 'integer':
      return fc.integer({ min: Number(s.minimum ?? -1_000_000), max: Number(s.maximum ?? 1_000_000) })
    case 'number':
      return fc.double({
        min: Number(s.minimum ?? s.exclusiveMinimum ?? -1e6) + 0.001,
        max: Number(s.maximum ?? 1e6),
        noNaN: true,
      })
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(arbitraryOf(s.items), {
        minLength: Number(s.minItems ?? 0),
        maxLength: Math.min(Number(s.maxItems ?? 3), 3),
      })
    case 'object':
      return object(s)
    default:
      throw new Error(`no values for ${JSON.stringify(schema)}`)
  }
}

function text(s: Schema): fc.Arbitrary<string> {
  const maxLength = Math.min(Number(s.maxLength ?? 40), 40)
  if (s.format === 'date-time')
    return fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((d) => d.toISOString())
  if (typeof s.pattern === 'string')
    return fc.stringMatching(new RegExp(s.pattern)).filter((t) => t.length <= maxLength)
  return fc.string({ minLength: Number(s.minLength ?? 0), maxLength })
}

function object(s: Schema): fc.Arbitrary<unknown> {
  const properties = (s.properties ?? {}) as Schema
  const required = (s.required ?? []) as string[]
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, arbitraryOf(member)])),
    { requiredKeys: required },
  )
  const maps = Object.entries((s.patternProperties ?? {}) as Schema).map(([pattern, member]) =>
    fc.dictionary(fc.stringMatching(new RegExp(pattern)), arbitraryOf(member), { maxKeys: 2 }),
  )
  const open = s.additionalProperties
  if (typeof open === 'object')
    maps.push(fc.dictionary(fc.string({ maxLength: 10 }), arbitraryOf(open), { maxKeys: 2 }))
  if (open === true) maps.push(fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue(), { maxKeys: 2 }) as never)
  return fc.tuple(known, ...maps).map((parts) => Object.assign({}, ...parts) as unknown)
}

const JUNK: readonly unknown[] = [
  null,
  -1,
  0,
  1.5,
  1e308,
  '',
  '\0',
  '\ud800',
  'x'.repeat(140_000),
  '0s',
  '99999999999999999999d',
  '-5s',
  true,
  [],
  {},
  [[[[]]]],
  { constructor: { prototype: 1 } },
  JSON.parse('{"__proto__": {"polluted": true}}') as unknown,
]

/** The same with one place, anywhere in it, replaced by something that may not belong there. */
export const broken = (value: unknown): fc.Arbitrary<unknown> =>
  fc.tuple(fc.nat(), fc.constantFrom(...JUNK), fc.boolean()).map(([at, junk, add]) => {
    const places = placesOf(value)
    const place = places[at % places.length]!
    return place.length === 0 ? junk : withJunk(value, place, junk, add)
  })

type Place = readonly (string | number)[]

function placesOf(value: unknown, here: Place = []): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [here]
  return [here, ...Object.entries(value).flatMap(([key, member]) => placesOf(member, [...here, key]))]
}

function withJunk(value: unknown, [key, ...rest]: Place, junk: unknown, add: boolean): unknown {
  const copy: Record<string, unknown> = (Array.isArray(value) ? [...value] : { ...(value as object) }) as never
  if (rest.length > 0) copy[key!] = withJunk(copy[key!], rest, junk, add)
  else if (add && !Array.isArray(value)) copy[`${key}x`] = junk
  else copy[key!] = junk
  return copy
}
