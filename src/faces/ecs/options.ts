/** What an operator may choose about this face. */
export interface EcsOptions {
  /** Account of development mode and of credentials that name none. Default 123456789012. */
  readonly account: string
  /** Region of requests that carry no signature. Default us-east-1. */
  readonly region: string
  /** Whether FARGATE definitions must have a size that AWS sells. Default `any`. */
  readonly fargateSizes: 'checked' | 'any'
  /** How long stopped tasks stay describable, ms; absent: the engine's own default. */
  readonly retentionMs?: number
  /** Bucket → directory with the files that `environmentFiles` may name. */
  readonly environmentFiles: Readonly<Record<string, string>>
  /** May containers with an image run on a machine without a container engine, as plain programs? Default yes. */
  readonly imageFallback: boolean
  /** Image name → directory whose root file system its programs see instead of this machine's. */
  readonly imageRoots: Readonly<Record<string, string>>
  /** Address that awsvpc tasks report when their executor gives them none of their own. */
  readonly hostAddress: string
}

export const DEFAULT_OPTIONS: EcsOptions = {
  account: '123456789012',
  region: 'us-east-1',
  fargateSizes: 'any',
  environmentFiles: {},
  imageFallback: true,
  imageRoots: {},
  hostAddress: '127.0.0.1',
}
