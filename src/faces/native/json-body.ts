import type { FastifyInstance } from 'fastify'
import { ProblemError, problem } from './errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** JSON bodies, and nothing else. Invalid UTF-8 is refused rather than repaired: a task's arguments must be exact. */
export function parseJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : JSON.parse(decoded(body as Buffer)))
    } catch (error) {
      done(error instanceof ProblemError ? error : malformed(error))
    }
  })
}

function decoded(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new ProblemError(problem(400, 'malformed', 'The request cannot be read', 'the body is not valid UTF-8'))
  }
}

const malformed = (error: unknown): ProblemError => {
  const detail = `the body is not valid JSON: ${error instanceof Error ? error.message : String(error)}`
  return new ProblemError(problem(400, 'malformed', 'The request cannot be read', detail))
}
