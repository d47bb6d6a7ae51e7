/** What a validator of JSON Schema reports, as far as it is used here. */
interface SchemaError {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

export interface SchemaProblem {
  /** From the root to the value, or to the key that should not be there. */
  readonly path: readonly string[]
  readonly isKey: boolean
  readonly message: string
}

/** Sentences for a person: branches of a choice are told as one, and a broken rule comes with what the schema says of it. */
export function explain(errors: readonly SchemaError[], schema: object): readonly SchemaProblem[] {
  return errors
    .filter((e) => !inBranch(e) && e.keyword !== 'boolean')
    .flatMap((error) => problemsOf(error, errors, schema))
}

const inBranch = (error: SchemaError): boolean => /\/(anyOf|oneOf)\/\d+/.test(error.schemaPath)

function problemsOf(error: SchemaError, all: readonly SchemaError[], schema: object): readonly SchemaProblem[] {
  const path = segments(error.instancePath)
  const field = path.at(-1) ?? 'the task'
  if (error.keyword === 'additionalProperties') return unknownKeys(error, path, schema)
  if (error.keyword === 'required')
    return [{ path, isKey: false, message: `${listOf(error, 'requiredProperties').join(', ')} is missing` }]
  const message = error.keyword === 'anyOf' ? branchMessage(error, all) : error.message
  const description = Reflect.get(at(schema, error.schemaPath) ?? {}, 'description') as string | undefined
  return [{ path, isKey: false, message: `${field} ${message}${description ? ` — ${description}` : ''}` }]
}

const IMPOSSIBLE_NAME = 'is no name of a variable: letters, digits and _, no digit first'

function unknownKeys(error: SchemaError, path: readonly string[], schema: object): readonly SchemaProblem[] {
  const object = at(schema, error.schemaPath) ?? {}
  const known = Object.keys((Reflect.get(object, 'properties') as object | undefined) ?? {})
  return listOf(error, 'additionalProperties').map((key) => {
    if ('patternProperties' in object)
      return { path: [...path, key], isKey: true, message: `${key} ${IMPOSSIBLE_NAME}` }
    const close = known.find((name) => isClose(name, key))
    const hint = close === undefined ? '' : `; did you mean ${close}?`
    return { path: [...path, key], isKey: true, message: `there is no field ${key}${hint}` }
  })
}

const listOf = (error: SchemaError, name: string): readonly string[] =>
  (Reflect.get(error.params, name) as readonly string[] | undefined) ?? []

/** `must be string or array`, from what each branch missed. */
function branchMessage(error: SchemaError, all: readonly SchemaError[]): string {
  const branches = all.filter(
    (e) => e.instancePath === error.instancePath && e.schemaPath.startsWith(`${error.schemaPath}/anyOf/`),
  )
  const types = branches.filter((e) => e.keyword === 'type').map((e) => String(Reflect.get(e.params, 'type')))
  const others = branches.filter((e) => e.keyword !== 'type' && e.keyword !== 'boolean').map((e) => e.message)
  const unique = [...new Set(others)]
  if (unique.length > 0) return unique.join(' or ')
  return `must be ${[...new Set(types)].join(' or ')}`
}

const segments = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

/** The schema that an error's path leads to, through references. */
function at(root: object, schemaPath: string): object | undefined {
  let schema: unknown = root
  for (const part of segments(schemaPath.replace(/^#/, ''))) {
    schema = resolved(root, schema)
    schema = typeof schema === 'object' && schema !== null ? Reflect.get(schema, part) : undefined
  }
  const found = resolved(root, schema)
  return typeof found === 'object' && found !== null ? found : undefined
}

function resolved(root: object, schema: unknown): unknown {
  const reference =
    typeof schema === 'object' && schema !== null ? (Reflect.get(schema, '$ref') as string | undefined) : undefined
  return reference === undefined ? schema : at(root, reference)
}

/** One letter wrong, missing, too many, or two swapped. */
function isClose(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1 || a === b) return a === b
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  const restOf = (text: string, skip: number): string => text.slice(i + skip)
  const isSwapped = a[i] === b[i + 1] && a[i + 1] === b[i] && restOf(a, 2) === restOf(b, 2)
  return isSwapped || restOf(a, 1) === restOf(b, 1) || restOf(a, 1) === restOf(b, 0) || restOf(a, 0) === restOf(b, 1)
}
