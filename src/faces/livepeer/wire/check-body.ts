import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { LivepeerError } from '../errors.ts'
import { ajvErrorOf } from './ajv-error.ts'

/** A reader of bodies: 422 with the first problem, which is an error of Ajv's as JSON text, as at Studio. */
export function bodyOf<Schema extends TSchema>(schema: Schema): (body: unknown) => Static<Schema> {
  const validator = Compile(schema)
  return (given) => {
    const body = given ?? {}
    checkTexts(body, 0)
    if (validator.Check(body)) return body as Static<Schema>
    throw new LivepeerError(422, JSON.stringify(ajvErrorOf(validator.Errors(body))))
  }
}

const DEEPEST = 32

/** What no store or program can take: NUL, half a surrogate pair, bottomless nesting. */
function checkTexts(value: unknown, depth: number): void {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed()))
    throw new LivepeerError(422, 'texts must be well-formed and hold no NUL character')
  if (typeof value !== 'object' || value === null) return
  if (depth > DEEPEST) throw new LivepeerError(422, `nested more than ${DEEPEST} deep`)
  for (const [key, member] of Object.entries(value)) {
    checkTexts(key, depth + 1)
    checkTexts(member, depth + 1)
  }
}
