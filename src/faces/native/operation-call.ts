import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal, Tenant } from '../../core/identity.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Contract, OperationId } from './contract/contract.ts'
import type { BodyOf, HeadersOf, Operation, ParamsOf, QueryOf } from './contract/operation.ts'
import type { NativeParts } from './native-parts.ts'

/** One call of an operation: checked, and its caller known. */
export interface Call<O extends Operation> {
  readonly parts: NativeParts
  readonly engine: Engine
  readonly principal: Principal
  readonly tenant: Tenant
  readonly params: ParamsOf<O>
  readonly query: QueryOf<O>
  readonly headers: HeadersOf<O>
  readonly body: BodyOf<O>
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

export interface Answered {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Undefined: the operation has answered by itself (a stream). */
export type Handler<Id extends OperationId> = (call: Call<Contract[Id]>) => Promise<Answered | undefined>

export const ok = (body: unknown): Answered => ({ status: 200, body })
export const created = (body: unknown, location?: string): Answered =>
  location === undefined ? { status: 201, body } : { status: 201, body, headers: { location } }
export const NO_CONTENT: Answered = { status: 204 }

/** Aborts when the client has gone or the origin closes. */
export function goneSignal(call: Pick<Call<Operation>, 'request' | 'reply'>): AbortSignal {
  const gone = new AbortController()
  call.reply.raw.once('close', () => gone.abort())
  return AbortSignal.any([gone.signal, call.request.server.closing])
}
