import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Engine } from '../../engine/engine.ts'
import type { FaceContext } from '../kit/face.ts'
import type { Access } from './access/access.ts'
import type { Caller } from './auth.ts'
import type { CloudFoundryOptions } from './options.ts'
import type { Records } from './records.ts'
import type { Json } from './wire/message.ts'

/** One request, as an operation sees it. */
export interface Call {
  readonly context: FaceContext
  readonly engine: Engine
  readonly options: CloudFoundryOptions
  readonly caller: Caller
  readonly access: Access
  readonly records: Records
  /** What absolute links begin with. */
  readonly base: string
  /** The request's own path, without query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly request: FastifyRequest
  param(name: string): string
  /** The body, which must be a JSON object. Throws CF-MessageParseError. */
  body(): Json
}

export interface Answer {
  readonly status: number
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of a body: its JSON. */
  readonly json?: string
  /** Instead of a body: YAML. */
  readonly yaml?: string
  /** Instead of a body: bytes as they come. */
  readonly file?: Readable
}

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Fastify's spelling, `/v3/tasks/:guid`. */
  readonly path: string
  answer(call: Call): Promise<Answer>
  /** Parses its body itself. */
  readonly streams?: boolean
}

export const ok = (body: object): Answer => ({ status: 200, body })
export const created = (body: object): Answer => ({ status: 201, body })
export const accepted = (body: object): Answer => ({ status: 202, body })
export const noContent = (): Answer => ({ status: 204 })

/** A job: 202 and where to ask about it. */
export const jobAt = (call: Call, guid: string): Answer => ({
  status: 202,
  headers: { location: `${call.base}/v3/jobs/${guid}` },
})

/** A download under this name. */
export const file = (bytes: Readable, name: string): Answer => ({
  status: 200,
  headers: { 'content-disposition': `attachment; filename="${name}"` },
  file: bytes,
})
