/** The rules that the vendor's messages carry (ona.md 3). Each throws `invalid_argument`, naming the field. */
import { UUID } from '../auth.ts'
import { invalidArgument } from '../errors.ts'

const MOST_FILTER_VALUES = 25
const REFERENCE = /^[a-zA-Z0-9_-]{1,128}$/

export function needUuid(field: string, value: string): string {
  if (!UUID.test(value)) throw invalidArgument(`${field}: value must be a valid UUID`)
  return value.toLowerCase()
}

export const needUuids = (field: string, values: readonly string[]): readonly string[] =>
  values.map((value, i) => needUuid(`${field}[${i}]`, value))

export function needReference(field: string, value: string): string {
  if (!REFERENCE.test(value))
    throw invalidArgument(`${field}: value does not match regex pattern \`${REFERENCE.source}\``)
  return value
}

/** A path inside a repository or workspace; none is one. */
export function needInside(field: string, path: string): string {
  if (/^\/|(^|\/)\.\.(\/|$)|\0/.test(path)) throw invalidArgument(`${field}: must be a path inside the repository`)
  return path
}

export function needText(field: string, value: string, atLeast = 1): string {
  if (value.length < atLeast) throw invalidArgument(`${field}: value length must be at least ${atLeast} characters`)
  return value
}

/** Of numbers, as binary requests carry them; of names see enum-names.ts. */
export function filterEnums<Value extends number>(
  field: string,
  values: readonly Value[],
  defined: { readonly [name: string]: string | number },
): readonly Value[] {
  atMost(field, values)
  const unknown = values.findIndex((value) => !(value in defined))
  if (unknown >= 0) throw invalidArgument(`${field}[${unknown}]: value must be one of the defined enum values`)
  return values
}

function atMost(field: string, values: readonly unknown[]): void {
  if (values.length > MOST_FILTER_VALUES)
    throw invalidArgument(`${field}: value must contain no more than ${MOST_FILTER_VALUES} item(s)`)
}

export function filterValues(field: string, values: readonly string[], uuids = true): readonly string[] {
  atMost(field, values)
  return uuids ? needUuids(field, values) : values.map((value, i) => needText(`${field}[${i}]`, value))
}
