import type { Tenant } from '../../core/identity.ts'
import type { Engine } from '../../engine/engine.ts'
import type { FaceContext } from '../kit/face.ts'
import type { Authenticator, Caller } from './auth.ts'
import type { Errands } from './environment/errands.ts'
import { permissionDenied } from './errors.ts'
import type { EventHub } from './events/event-hub.ts'
import type { OnaOptions } from './options.ts'
import type { QueryPagination } from './wire/pagination.ts'

/** What all calls share. */
export interface Parts {
  readonly engine: Engine
  readonly context: FaceContext
  readonly options: OnaOptions
  readonly auth: Authenticator
  readonly hub: EventHub
  readonly errands: Errands
}

/** One call: who asks, and what of the request is not in its message. */
export interface Call extends Parts {
  readonly caller: Caller
  readonly tenant: Tenant
  readonly query: QueryPagination
  /** The request's JSON as it came, where it was JSON: lists have no presence in the message. */
  readonly json: unknown
  /** How often the client sent this very request before. */
  readonly retries: number
  /** The environment that the path names, at an environment's own endpoint. */
  readonly place?: string
}

/** A token of one environment opens no other. Throws `permission_denied`. */
export function checkEnvironment(call: Call, environment: string): void {
  if (call.caller.environment !== undefined && call.caller.environment !== environment)
    throw permissionDenied('this token is for another environment')
}

/** Whether the JSON request names this field, by either of its spellings. Binary requests name no empty list. */
export function isNamed(json: unknown, ...path: readonly string[]): boolean {
  let value = json
  for (const [i, key] of path.entries()) {
    if (value === null || typeof value !== 'object') return false
    const object = value as Readonly<Record<string, unknown>>
    const found = [key, snake(key)].find((name) => name in object)
    if (found === undefined) return false
    value = object[found]
    if (i === path.length - 1) return value !== null
  }
  return false
}

const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
