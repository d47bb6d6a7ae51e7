/** What the operator decides for this face. */
export interface UpsunOptions {
  /** How long activities that have ended are kept, and builds that no environment is made of any more, ms. */
  readonly retentionMs: number
}
