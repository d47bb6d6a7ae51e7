/**
 * Checks requests against the schemas of their operation. Texts are checked as a whole first: no NUL, no lone
 * surrogate, no `__proto__`, no bottomless nesting may reach anything behind this file.
 */
import type { TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Settings } from 'typebox/system'
import { badField, badFields } from './errors.ts'
import { KEY_PATTERN } from './wire/scalars.ts'

Settings.Set({ maxErrors: 100 })

const DEEPEST = 64
const MOST_ERRORS = 20

export type Check = (value: unknown) => void

/** Throws a ProblemError that names each field. */
export function checkOf(schema: TSchema): Check {
  const validator = Compile(schema)
  return (value) => {
    checkTexts(value, '', 0)
    if (!validator.Check(value)) throw badFields(fieldErrors(validator.Errors(value), schema))
  }
}

function checkTexts(value: unknown, path: string, depth: number): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw badField(path, 'a NUL character is not possible here')
    if (!value.isWellFormed()) throw badField(path, 'it is not well-formed Unicode: it holds half a surrogate pair')
  } else if (typeof value === 'object' && value !== null) {
    if (depth >= DEEPEST) throw badField(path, `nested more than ${DEEPEST} deep`)
    if (Array.isArray(value)) value.forEach((item, i) => void checkTexts(item, `${path}[${i}]`, depth + 1))
    else for (const [key, member] of Object.entries(value)) checkMember(key, member, path, depth)
  }
}

function checkMember(key: string, member: unknown, path: string, depth: number): void {
  if (key === '__proto__') throw badField(path, '__proto__ is not possible as a name')
  checkTexts(key, path, depth)
  checkTexts(member, path === '' ? key : `${path}.${key}`, depth + 1)
}

interface FieldError {
  readonly field: string
  readonly detail: string
}

/** Readable errors: unknown fields by name, and of alternatives only the one that was meant. */
function fieldErrors(errors: readonly TLocalizedValidationError[], schema: TSchema): readonly FieldError[] {
  const seen = new Map<string, FieldError>()
  for (const error of meant(errors)) {
    const field = pathOf(error.instancePath)
    for (const found of explain(error, field, schema)) if (!seen.has(found.field)) seen.set(found.field, found)
  }
  const found = [...seen.values()].slice(0, MOST_ERRORS)
  return found.length > 0 ? found : [{ field: '', detail: 'it does not match the schema' }]
}

function meant(errors: readonly TLocalizedValidationError[]): readonly TLocalizedValidationError[] {
  const choices = errors.filter((e) => e.keyword === 'anyOf')
  const inChoice = (e: TLocalizedValidationError, c: TLocalizedValidationError): boolean =>
    e !== c && e.schemaPath.startsWith(`${c.schemaPath}/anyOf/`) && e.instancePath.startsWith(c.instancePath)
  const outer = choices.filter((c) => !choices.some((other) => inChoice(c, other)))
  const plain = errors.filter((e) => e.keyword !== 'anyOf' && !choices.some((c) => inChoice(e, c)))
  return [
    ...plain,
    ...outer.flatMap((c) =>
      branchMeant(
        c,
        errors.filter((e) => inChoice(e, c)),
      ),
    ),
  ]
}

/** The branch whose type fits the value; the choice itself where none does. */
function branchMeant(
  choice: TLocalizedValidationError,
  inside: readonly TLocalizedValidationError[],
): readonly TLocalizedValidationError[] {
  const prefix = `${choice.schemaPath}/anyOf/`
  const branches = Map.groupBy(inside, (e) => e.schemaPath.slice(prefix.length).split('/')[0] ?? '')
  const fitting = [...branches.values()].filter(
    (branch) => !branch.some((e) => e.keyword === 'type' && e.instancePath === choice.instancePath),
  )
  fitting.sort((a, b) => a.length - b.length)
  return fitting[0] === undefined ? [choice] : meant(fitting[0])
}

function explain(error: TLocalizedValidationError, field: string, schema: TSchema): readonly FieldError[] {
  const within = (name: string): string => (field === '' ? name : `${field}.${name}`)
  switch (error.keyword) {
    case 'boolean':
      return []
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => ({ field: within(name), detail: whyUnknown(field) }))
    case 'required':
      return error.params.requiredProperties.map((name) => ({ field: within(name), detail: 'it is missing' }))
    case 'enum':
      return [{ field, detail: `must be one of ${error.params.allowedValues.join(', ')}` }]
    case 'type':
      return [{ field, detail: patternAt(schema, error.schemaPath) ?? error.message }]
    case 'pattern':
      return [{ field, detail: expectation(String(error.params.pattern)) }]
    case 'anyOf':
      return [{ field, detail: 'it is of none of the possible kinds; see /openapi.json' }]
    default:
      return [{ field, detail: error.message }]
  }
}

/** What a text that is no text at all should have been: 30 where 30s is meant. */
function patternAt(schema: TSchema, path: string): string | undefined {
  let at: unknown = schema
  for (const part of partsOf(path)) at = typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined
  const pattern = typeof at === 'object' && at !== null ? (Reflect.get(at, 'pattern') as unknown) : undefined
  return typeof pattern === 'string' ? expectation(pattern) : undefined
}

const VARIABLE = 'letters, digits and _, no digit first'

/** Among variables there are no fields to know, only names that cannot be. */
const whyUnknown = (parent: string): string =>
  /(?:^|\.)(?:env|outputs)$/.test(parent) ? `it is no name of a variable: ${VARIABLE}` : 'unknown field'

/** What a pattern means, in words. */
function expectation(pattern: string): string {
  if (pattern.includes('ms|s|m|h|d')) return 'must be a duration with its unit, such as 500ms, 30s, 5m or 1h30m'
  if (pattern.includes('KMGT')) return 'must be a size with its unit, such as 512K, 64M or 1.5G'
  if (pattern.startsWith('^[A-Za-z0-9_]')) return 'must be a name: letters, digits, _ . - (not first: . -)'
  if (pattern === KEY_PATTERN) return `must be the name of a variable: ${VARIABLE}`
  if (pattern.startsWith('^SIG')) return 'must be the name of a signal, such as SIGTERM'
  if (pattern === '^[^=]+=') return 'must be NAME=VALUE'
  return `must match ${pattern}`
}

/** `/steps/0/run` → `steps[0].run`. */
function pathOf(pointer: string): string {
  let path = ''
  for (const part of partsOf(pointer)) {
    path += /^\d+$/.test(part) ? `[${part}]` : path === '' ? part : `.${part}`
  }
  return path
}

const partsOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

/** Query texts become what their schema says; whatever does not fit is left for the schema to refuse. */
export function coerced(schema: TObject, query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(query)) {
    const member = (schema.properties as Readonly<Record<string, { readonly type?: string }>>)[name]
    values[name] = member?.type === 'array' ? [given].flat() : coercedText(member?.type, given)
  }
  return values
}

function coercedText(type: string | undefined, given: unknown): unknown {
  if (typeof given !== 'string') return given
  if ((type === 'integer' || type === 'number') && /^-?\d+(?:\.\d+)?$/.test(given)) return Number(given)
  if (type === 'boolean') return given === 'true' || given === '' ? true : given === 'false' ? false : given
  return given
}
