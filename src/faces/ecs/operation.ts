import type { KeyObject } from 'node:crypto'
import type { Principal, Tenant } from '../../core/identity.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Home } from './arn.ts'
import type { EcsOptions } from './options.ts'
import type { Shape } from './wire/shape.ts'

/** One call: who asks, where its resources live, and what serves it. */
export interface Call {
  readonly engine: Engine
  readonly tenant: Tenant
  readonly home: Home
  readonly principal: Principal
  readonly options: EcsOptions
  /** Base of links that tasks get, e.g. for the metadata endpoint. */
  readonly publicUrl: string
  /** A key for this face's own tokens. */
  readonly tokenKey: KeyObject
}

/** One operation of the vendor's API, by the vendor's name. */
export interface Operation {
  readonly name: string
  /** For tests: compared with the service model. */
  readonly input: Shape<unknown>
  readonly answer: (call: Call, body: unknown) => Promise<object>
}

/** Ties the shape of a request to the code that serves it. */
export function operation<Input>(
  name: string,
  input: Shape<Input>,
  run: (call: Call, input: Input) => Promise<object> | object,
): Operation {
  return { name, input, answer: async (call, body) => run(call, input.read(body, '')) }
}
