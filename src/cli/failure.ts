/** What the user is told when a command cannot do its work: one line what, one line what to do next. */
export class Failure extends Error {
  readonly next: string | undefined
  readonly exitCode: number
  constructor(what: string, next?: string, exitCode: number = EXIT_FAILURE, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause })
    this.name = 'Failure'
    this.next = next
    this.exitCode = exitCode
  }
}

export const EXIT_FAILURE = 1
/** Wrong flags or arguments; nothing was done. */
export const EXIT_USAGE = 2

export const usage = (what: string, next?: string): Failure => new Failure(what, next, EXIT_USAGE)
