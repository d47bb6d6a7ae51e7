import { Type } from 'typebox'
import { cursor, duration, name, strict } from '../wire/scalars.ts'

export const executionId = Type.String({ minLength: 1, maxLength: 100, description: 'Id of the execution.' })
export const ofExecution = Type.Object({ id: executionId })
export const ofStep = Type.Object({ id: executionId, step: name('Name of the step.') })
export const ofAttempt = Type.Object({
  attempt: Type.String({ minLength: 1, maxLength: 200, description: 'Id of the attempt.' }),
})
export const ofName = Type.Object({ name: name('') })
export const ofId = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) })

export const limit = (maximum: number, usual: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum, description: `Default ${usual}.` }))

export const page = {
  limit: limit(1_000, 100),
  cursor: Type.Optional(cursor('`next` of the page before.')),
}

export const paging = Type.Object(page, strict)

const moment = (description: string) =>
  Type.Optional(Type.String({ maxLength: 40, description: `${description} An RFC 3339 time, or how long ago (5m).` }))

export const following = {
  after: Type.Optional(cursor('Cursor to begin after; absent: now for a stream, the oldest kept for a page.')),
  since: moment('Begin with what happened from here on; not beside `after`.'),
  limit: limit(1_000, 100),
  kinds: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 50 })),
}

export const logQuery = {
  attempt: Type.Optional(Type.Integer({ minimum: 1, description: 'Number of the attempt; default the newest.' })),
  seq: Type.Optional(Type.Integer({ minimum: 0, description: 'From this sequence number on.' })),
  since: Type.Optional(
    Type.String({ maxLength: 40, description: 'From this RFC 3339 time, or this long ago (5m), on.' }),
  ),
  last: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'The last so many lines.' })),
  limit: limit(10_000, 1_000),
  format: Type.Optional(Type.Unsafe<'json' | 'text'>({ type: 'string', enum: ['json', 'text'] })),
  follow: Type.Optional(Type.Boolean({ description: 'As server-sent events; the same as accepting them.' })),
}

export const executionLogQuery = {
  after: Type.Optional(cursor('`after` of a page, or the id of a line: what comes behind it.')),
  before: Type.Optional(cursor('`before` of a page: the lines just before it.')),
  newest: Type.Optional(Type.Boolean({ description: 'The last lines there are; in order of time all the same.' })),
  since: moment('From here on.'),
  until: moment('Before this.'),
  step: Type.Optional(Type.Array(name(''), { maxItems: 200, description: 'Only of these.' })),
  limit: logQuery.limit,
  format: logQuery.format,
  follow: logQuery.follow,
}

export const waitTimeout = Type.Optional(duration('How long to wait at most; up to 10m. Default 30s.'))

export const streamId = Type.Object({
  'last-event-id': Type.Optional(Type.String({ maxLength: 1_000, description: 'Resumes a stream.' })),
})
