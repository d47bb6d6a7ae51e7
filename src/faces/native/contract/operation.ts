import type { Static, TObject, TSchema } from 'typebox'

export type Tag = 'executions' | 'logs' | 'events' | 'inside' | 'tasks' | 'nodes' | 'settings' | 'operation'

/** Who may call: anybody, who has a token, who has the operator's grant, or a task from inside its attempt. */
export type Access = 'public' | 'user' | 'operator' | 'task'

export interface Answer {
  readonly description: string
  readonly schema?: TSchema
  /** Default application/json when there is a schema. */
  readonly media?: readonly string[]
}

/** One operation as the wire sees it: what validates a request, serializes the answer and becomes OpenAPI. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/taskport/v1`, in OpenAPI's spelling: `/executions/{id}`. */
  readonly path: string
  readonly tag: Tag
  readonly summary: string
  readonly access: Access
  readonly params?: TObject
  readonly query?: TObject
  /** Request headers with a meaning of their own, in lower case. */
  readonly headers?: TObject
  readonly body?: TSchema
  /** The body may be left out. */
  readonly bodyOptional?: true
  /** Above the origin's default, bytes. */
  readonly bodyLimit?: number
  readonly answers: Readonly<Record<number, Answer>>
}

/** Keeps the literal types of a table of operations. */
export const operations = <const T extends Readonly<Record<string, Operation>>>(table: T): T => table

type Of<S> = S extends TSchema ? Static<S> : undefined
export type ParamsOf<O extends Operation> = Of<O['params']>
export type QueryOf<O extends Operation> = Of<O['query']>
export type HeadersOf<O extends Operation> = Of<O['headers']>
export type BodyOf<O extends Operation> = Of<O['body']>
