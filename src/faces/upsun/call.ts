import type { Engine } from '../../engine/engine.ts'
import type { Face, FaceContext } from '../kit/face.ts'
import type { Caller } from './auth.ts'
import type { BuildSweeper } from './deployment/build-sweeper.ts'
import type { UpsunOptions } from './options.ts'
import type { TokenEndpoint } from './token-endpoint/token-endpoint.ts'

/** One call of the API: who asks, and what serves it. */
export interface Call extends Caller {
  readonly engine: Engine
  readonly context: FaceContext
  readonly tokens: TokenEndpoint
  readonly builds: BuildSweeper
  readonly options: UpsunOptions
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** What absolute addresses in the answer begin with. */
export function originOf({ context, headers }: Call): string {
  const { host } = headers
  return context.links({ headers: { host: typeof host === 'string' ? host : undefined } })
}

export type { Face }
