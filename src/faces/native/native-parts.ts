import type { Capabilities } from '../../core/ports/executor.ts'
import type { FaceContext } from '../kit/face.ts'
import type { Metrics } from './metrics.ts'
import type { TaskTokens } from './task-token.ts'

/** What the server tells this face about itself. */
export interface NativeOptions {
  /** The product's version. */
  readonly version: string
  /** `POST /reset` works only then. */
  readonly ephemeral: boolean
  readonly faces: () => readonly string[]
  readonly executors: () => readonly { readonly kind: string; readonly capabilities: Capabilities }[]
  /** Whether requests can be served now (`/healthz`). */
  readonly ready: () => boolean
  readonly metrics: Metrics
}

/** What the operations of this face work with. */
export interface NativeParts {
  readonly context: FaceContext
  readonly options: NativeOptions
  readonly taskTokens: TaskTokens
}
