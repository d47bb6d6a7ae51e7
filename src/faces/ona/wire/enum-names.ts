/**
 * Names of enums that nobody knows. The decoder passes over them as over unknown fields, so a mistyped phase would leave
 * a filter empty, and an empty filter lets everything through. What widens an answer, or is the message of a task or
 * service, is refused; elsewhere a newer client's word is passed over.
 */
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf'
import { invalidArgument } from '../errors.ts'

const KNOWN_WHOLE = 'gitpod.v1.EnvironmentAutomationService'

/** Throws `invalid_argument`, naming the field as the vendor's rules do. */
export function checkEnumNames(service: string, message: DescMessage, json: unknown): void {
  check(message, json, '', service === KNOWN_WHOLE)
}

function check(message: DescMessage, json: unknown, path: string, strict: boolean): void {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return
  const members = json as Readonly<Record<string, unknown>>
  for (const field of message.fields) {
    const value = members[field.jsonName] ?? members[field.name]
    if (value === undefined || value === null) continue
    checkField(field, value, `${path}${field.name}`, strict || message.name === 'Filter')
  }
}

function checkField(field: DescField, value: unknown, path: string, strict: boolean): void {
  if (field.fieldKind === 'list' && Array.isArray(value))
    for (const [i, item] of value.entries()) checkValue(field.enum, field.message, item, `${path}[${i}]`, strict)
  else if (field.fieldKind === 'map' && typeof value === 'object')
    for (const [key, item] of Object.entries(value!))
      checkValue(field.enum, field.message, item, `${path}[${JSON.stringify(key)}]`, strict)
  else checkValue(field.enum, field.message, value, path, strict)
}

function checkValue(
  names: DescEnum | undefined,
  message: DescMessage | undefined,
  value: unknown,
  path: string,
  strict: boolean,
): void {
  if (message) check(message, value, `${path}.`, strict)
  else if (names && strict && !isDefined(names, value))
    throw invalidArgument(`${path}: value must be one of the defined enum values`)
}

/** What is neither a name nor a number is left to the decoder, which refuses it in its own words. */
function isDefined({ values }: DescEnum, value: unknown): boolean {
  if (typeof value === 'string') return values.some(({ name }) => name === value)
  return !Number.isInteger(value) || values.some(({ number }) => number === value)
}
