import type { Call } from '../call.ts'

/** Path parameters, decoded. */
export type Params = Readonly<
  Record<'project' | 'environment' | 'task' | 'activity' | 'variable' | 'deployment' | 'id', string>
>

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Of the reply; default 200. */
  readonly status?: number
  readonly answer: (call: Call, params: Params) => Promise<object> | object
}
