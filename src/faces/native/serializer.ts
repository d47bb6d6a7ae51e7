import type { TSchema } from 'typebox'
import type { Operation } from './contract/operation.ts'

/**
 * Schemas by status for Fastify's compiled serializer. It would have to validate to choose between alternatives, so
 * answers that hold some (plans, definitions) are left to JSON.stringify.
 */
export function serializersOf(operation: Operation): Readonly<Record<string, TSchema>> {
  const compiled = Object.entries(operation.answers).flatMap(([status, { schema }]) =>
    schema === undefined || hasChoice(schema) ? [] : [[status, plain(schema)] as const],
  )
  return Object.fromEntries(compiled)
}

const hasChoice = (schema: unknown): boolean =>
  typeof schema === 'object' &&
  schema !== null &&
  ('anyOf' in schema || Object.values(schema).some((member) => hasChoice(member)))

/** Words and formats would only cost time: times are texts already. */
const plain = (schema: TSchema): TSchema =>
  JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      typeof value === 'string' && ['title', 'description', 'format', 'pattern'].includes(key) ? undefined : value,
    ),
  ) as TSchema
