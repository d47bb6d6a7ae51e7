import type { Static } from 'typebox'
import { Type } from 'typebox'
import { named, Reason } from './scalars.ts'

export const Problem = named(
  'Problem',
  Type.Object(
    {
      type: Type.String({ description: 'urn:taskport:problem:<code>; programs switch on it.' }),
      title: Type.String(),
      status: Type.Integer(),
      detail: Type.String({ description: 'What is wrong, and what to do.' }),
      field: Type.Optional(Type.String({ description: 'JSON path of the first offending field.' })),
      errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), detail: Type.String() }))),
      reason: Type.Optional(Reason),
      shortfalls: Type.Optional(Type.Array(Type.Unsafe<object>({ type: 'object', additionalProperties: true }))),
      executions: Type.Optional(
        Type.Array(Type.String(), { description: 'What the idempotency key was used for before.' }),
      ),
      requestId: Type.Optional(Type.String()),
    },
    { description: 'RFC 9457 problem details.' },
  ),
)
export type Problem = Static<typeof Problem>
