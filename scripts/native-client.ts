/**
 * Turns the native API's OpenAPI document into `src/cli/native-api.gen.ts`: a type per component, and per operation its
 * method, path and types, under the operation's id. Knows as much of JSON Schema as our own document uses.
 */

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

interface OpenApiOperation {
  readonly operationId: string
  readonly summary?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema: JsonSchema
  }[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>

export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly description?: string
}

const HEAD = `// Generated from src/faces/native/openapi.json by scripts/generate.ts. Do not edit.
`

export function nativeClient(document: OpenApi): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const routes = operations.map((o) => `  ${o.operation.operationId}: ['${o.method}', '${o.path}'],`)
  return [
    HEAD,
    ...Object.entries(document.components.schemas).map(([name, schema]) => component(name, schema)),
    'export interface Operations {',
    ...operations.map((o) => operationType(o.operation)),
    '}\n',
    '/** Method and path of every operation. */',
    'export const ROUTES = {',
    ...routes,
    '} as const satisfies Readonly<Record<keyof Operations, readonly [method: string, path: string]>>\n',
  ].join('\n')
}

const component = (name: string, schema: JsonSchema): string =>
  `${comment(schema.description, '')}export type ${name} = ${typeOf(schema, '')}\n`

function operationType(operation: OpenApiOperation): string {
  const place = (where: string): string => {
    const parameters = (operation.parameters ?? []).filter((p) => p.in === where)
    return objectOf(
      parameters.map((p) => ({ key: p.name, schema: p.schema, required: p.required === true })),
      '    ',
    )
  }
  const body = operation.requestBody?.content['application/json']?.schema
  return [
    `${comment(operation.summary, '  ')}  ${operation.operationId}: {`,
    `    path: ${place('path')}`,
    `    query: ${place('query')}`,
    `    headers: ${place('header')}`,
    `    body: ${body ? typeOf(body, '    ') : 'undefined'}${body && !operation.requestBody?.required ? ' | undefined' : ''}`,
    `    answer: ${answerOf(operation)}`,
    '  }',
  ].join('\n')
}

function answerOf(operation: OpenApiOperation): string {
  const successes = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'))
  const types = successes.map(([, { content }]) => {
    const schema = content?.['application/json']?.schema
    return schema ? typeOf(schema, '    ') : 'undefined'
  })
  return [...new Set(types)].join(' | ')
}

function typeOf(schema: JsonSchema, indent: string): string {
  if (schema.$ref) return schema.$ref.slice('#/components/schemas/'.length)
  if (schema.enum) return schema.enum.map((value) => literal(value)).join(' | ')
  if (schema.const !== undefined) return literal(schema.const)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return [...new Set(choices.map((choice) => typeOf(choice, indent)))].join(' | ')
  if (schema.allOf) return schema.allOf.map((part) => typeOf(part, indent)).join(' & ')
  const types = Array.isArray(schema.type) ? schema.type : [schema.type]
  return types.map((type) => typeNamed(type, schema, indent)).join(' | ')
}

const literal = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))

function typeNamed(type: string | undefined, schema: JsonSchema, indent: string): string {
  if (type === 'string' || type === 'boolean' || type === 'null') return type
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'array') return `readonly (${schema.items ? typeOf(schema.items, indent) : 'unknown'})[]`
  if (type === 'object' || schema.properties) return objectType(schema, indent)
  if (type === undefined) return 'unknown'
  throw new Error(`no TypeScript for the JSON Schema type ${type}`)
}

function objectType(schema: JsonSchema, indent: string): string {
  if (schema.properties) {
    const required = new Set(schema.required)
    const members = Object.entries(schema.properties)
    return objectOf(
      members.map(([key, value]) => ({ key, schema: value, required: required.has(key) })),
      indent,
    )
  }
  const values = schema.patternProperties ? Object.values(schema.patternProperties) : []
  if (typeof schema.additionalProperties === 'object') values.push(schema.additionalProperties)
  const type = values.length > 0 ? values.map((v) => typeOf(v, indent)).join(' | ') : 'unknown'
  return `{ readonly [name: string]: ${type} }`
}

interface Member {
  readonly key: string
  readonly schema: JsonSchema
  readonly required: boolean
}

/** Optional members accept `undefined`, which JSON leaves out. */
function objectOf(members: readonly Member[], indent: string): string {
  if (members.length === 0) return '{ readonly [name: string]: never }'
  const inner = `${indent}  `
  const lines = members.map(({ key, schema, required }) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`
    const type = typeOf(schema, inner)
    return `${comment(schema.description, inner)}${inner}readonly ${name}${required ? `: ${type}` : `?: ${type} | undefined`}`
  })
  return `{\n${lines.join('\n')}\n${indent}}`
}

const comment = (text: string | undefined, indent: string): string =>
  text ? `${indent}/** ${text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ')} */\n` : ''
