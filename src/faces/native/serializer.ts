import type { TSchema } from 'typebox'
import type { Operation } from './contract/operation.ts'

/**
 * Schemas by status for Fastify's compiled serializer. It would have to validate to choose between alternatives, so
 * answers that hold some (plans, definitions) are left to JSON.stringify.
 */
export function serializersOf(operation: Operation): Readonly<Record<string, TSchema>> {
  const compiled = Object.entries(operation.answers).flatMap(([status, { schema }]) =>
    schema === undefined || hasChoice(schema) ? [] : [[status, untitled(schema)] as const],
  )
  return Object.fromEntries(compiled)
}

const hasChoice = (schema: unknown): boolean =>
  typeof schema === 'object' &&
  schema !== null &&
  ('anyOf' in schema || Object.values(schema).some((member) => hasChoice(member)))

/** The serializer resolves no references and needs no words. */
function untitled(schema: TSchema): TSchema {
  return JSON.parse(JSON.stringify(schema)) as TSchema
}
