import type { Static, TSchema } from 'typebox'
import { Type } from 'typebox'

/** Puts a schema under its own name in the OpenAPI document (`components.schemas`). */
export const named = <S extends TSchema>(name: string, schema: S): S => Object.assign(schema, { title: name })

/** An object whose unknown members are refused by name. */
export const strict = { additionalProperties: false } as const

/** One of some words. */
export const words = <const W extends readonly string[]>(list: W, description?: string) =>
  Type.Unsafe<W[number]>({ type: 'string', enum: [...list], ...(description && { description }) })

export const duration = (description: string) =>
  Type.String({
    pattern: '^(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))+$',
    maxLength: 40,
    description: `${description} A duration with its unit, such as 500ms, 30s, 5m or 1h30m.`,
  })

export const size = (description: string) =>
  Type.String({
    pattern: '^\\d+(?:\\.\\d+)?(?:B|[KMGT](?:i?B)?|[KMGT]i)$',
    maxLength: 40,
    description: `${description} A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B.`,
  })

export const instant = (description: string) =>
  Type.String({ format: 'date-time', maxLength: 40, description: `${description} RFC 3339.` })

/** A name of the user's own: of a task, step, secret. */
export const NAME_PATTERN = '^[A-Za-z0-9_][A-Za-z0-9_.-]*$'
export const name = (description: string) => Type.String({ pattern: NAME_PATTERN, maxLength: 200, description })

export const KEY_PATTERN = '^[A-Za-z_][A-Za-z0-9_]*$'

/** Name → text. */
export const texts = (description: string) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    maxProperties: 200,
    description,
  })

export const cursor = (description: string) => Type.String({ minLength: 1, maxLength: 1000, description })

/** Linux refuses a single argument of 128 KiB and more (execve(2), MAX_ARG_STRLEN). */
export const MAX_ARGUMENT = 131_071

export const argv = (description: string) =>
  Type.Array(Type.String({ maxLength: MAX_ARGUMENT }), { minItems: 1, maxItems: 10_000, description })

/** A line for the shell, or a program with its arguments. */
export const command = (description: string) =>
  Type.Union([Type.String({ minLength: 1, maxLength: MAX_ARGUMENT }), argv('The program and its arguments.')], {
    description: `${description} Text is run by \`sh -c\`; a list is a program and its arguments.`,
  })

export const Reason = named(
  'Reason',
  Type.Object(
    {
      code: Type.String({ description: 'A word that programs switch on, such as no_room or exit_code.' }),
      message: Type.String({ description: 'A sentence that a person can act on.' }),
      facts: Type.Optional(
        Type.Unsafe<Readonly<Record<string, string | number | boolean>>>({
          type: 'object',
          additionalProperties: true,
          description: 'The values behind both.',
        }),
      ),
    },
    { description: 'Why something waits, failed or stopped.' },
  ),
)
export type Reason = Static<typeof Reason>
