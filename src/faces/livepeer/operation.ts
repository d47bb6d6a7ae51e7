import type { FastifyRequest } from 'fastify'
import type { Principal, Tenant } from '../../core/identity.ts'
import type { Engine } from '../../engine/engine.ts'
import type { LivepeerParts } from './parts.ts'

/** One request that was let in. */
export interface Call {
  readonly parts: LivepeerParts
  readonly engine: Engine
  readonly principal: Principal
  readonly tenant: Tenant
  readonly params: Readonly<Record<string, string>>
  /** The last of each name. */
  readonly query: Readonly<Record<string, string>>
  /** As parsed from JSON; operations check it. */
  readonly body: unknown
  readonly request: FastifyRequest
}

export interface Answer {
  readonly status: number
  /** Absent: no body. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type Operation = (call: Call) => Promise<Answer>

export const ok = (body: unknown): Answer => ({ status: 200, body })
export const created = (body: unknown): Answer => ({ status: 201, body })
export const NO_CONTENT: Answer = { status: 204 }
