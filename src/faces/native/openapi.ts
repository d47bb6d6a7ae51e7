/**
 * The OpenAPI 3.1 document, made from the very schemas that validate requests and serialize answers. Schemas with a
 * name (see `named`) become components; everything else stands in place.
 */
import type { TSchema } from 'typebox'
import { BASE_PATH, contract } from './contract/contract.ts'
import type { Operation } from './contract/operation.ts'
import { Problem } from './wire/problem.ts'

type Json = Record<string, unknown>

const PROBLEM = 'application/problem+json'
const FAILURES: Readonly<Record<string, string>> = {
  400: 'Malformed or refused by validation.',
  401: 'No valid token.',
  403: 'Not yours to do.',
  404: 'No such thing.',
  409: 'In conflict with what there is.',
  413: 'Body too large.',
  429: 'Too many requests.',
  503: 'Not able to now; try again.',
  507: 'No room on the server’s disk.',
}

/** The whole document. `version` is the product's. */
export function openApiDocument(version: string): Json {
  const components: Record<string, unknown> = {}
  const paths: Record<string, Json> = {}
  const problem = hoist(Problem, components)
  for (const [id, operation] of Object.entries(contract as Readonly<Record<string, Operation>>)) {
    const path = `${BASE_PATH}${operation.path}`
    paths[path] ??= {}
    paths[path][operation.method.toLowerCase()] = describe(id, operation, components, problem)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Taskport', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function describe(id: string, operation: Operation, components: Json, problem: unknown): Json {
  return {
    operationId: id,
    summary: operation.summary,
    tags: [operation.tag],
    'x-access': operation.access,
    ...(operation.access === 'public' && { security: [] }),
    parameters: parametersOf(operation, components),
    ...(operation.body && {
      requestBody: {
        required: operation.bodyOptional !== true,
        content: { 'application/json': { schema: hoist(operation.body, components) } },
      },
    }),
    responses: { ...answersOf(operation, components), ...failuresOf(operation, problem) },
  }
}

function parametersOf(operation: Operation, components: Json): readonly Json[] {
  const places = [
    ['path', operation.params],
    ['query', operation.query],
    ['header', operation.headers],
  ] as const
  return places.flatMap(([place, object]) =>
    Object.entries(object?.properties ?? {}).map(([name, schema]) => ({
      name,
      in: place,
      required: place === 'path' || ((object?.required ?? []) as readonly string[]).includes(name),
      ...(Reflect.get(schema as object, 'type') === 'array' && { style: 'form', explode: true }),
      schema: hoist(schema as TSchema, components),
    })),
  )
}

function answersOf(operation: Operation, components: Json): Json {
  const answers: Json = {}
  for (const [status, answer] of Object.entries(operation.answers)) {
    const media = answer.media ?? (answer.schema ? ['application/json'] : [])
    const schemaOf = (type: string) =>
      type === 'application/json' && answer.schema ? hoist(answer.schema, components) : { type: 'string' }
    answers[status] = {
      description: answer.description,
      ...(media.length > 0 && { content: Object.fromEntries(media.map((m) => [m, { schema: schemaOf(m) }])) }),
    }
  }
  return answers
}

function failuresOf(operation: Operation, problem: unknown): Json {
  const described = Object.entries(FAILURES).filter(([status]) => !(status in operation.answers))
  const entries = described.map(([status, description]) => [
    status,
    { description, content: { [PROBLEM]: { schema: problem } } },
  ])
  return Object.fromEntries(entries)
}

/** A copy in which named schemas are references; fills `components`. Two different schemas of one name are a mistake. */
function hoist(schema: unknown, components: Record<string, unknown>): unknown {
  if (Array.isArray(schema)) return schema.map((item) => hoist(item, components))
  if (typeof schema !== 'object' || schema === null) return schema
  const { title } = schema as Json
  const members = Object.entries(schema).filter(([key, value]) => key !== 'title' || typeof value !== 'string')
  const copy = Object.fromEntries(members.map(([key, value]) => [key, hoist(value, components)]))
  if (typeof title !== 'string') return copy
  const known = components[title]
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(copy))
    throw new Error(`two different schemas are named ${title}`)
  components[title] = copy
  return { $ref: `#/components/schemas/${title}` }
}
