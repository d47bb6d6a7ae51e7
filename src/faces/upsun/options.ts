/** What the operator decides for this face. */
export interface UpsunOptions {
  /** How long activities that have ended are kept, and builds that no environment is made of any more, ms. */
  readonly retentionMs: number
  /** Root file systems by type (`python:3.13`): programs of such a task are those of that directory. */
  readonly imageRoots: Readonly<Record<string, string>>
}
