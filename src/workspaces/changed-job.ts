/** What the program that looks for changes is told, as JSON in its first argument. */
export interface ChangedJob {
  /** Globs below the working directory. */
  readonly patterns: readonly string[]
  /** A file that is kept from run to run. */
  readonly state: string
}
