/**
 * How the media programs fail: each way has an exit code of its own, so that what became of a step is known from its exit
 * alone, whatever crashed since. Codes are in the range of sysexits(3), clear of those that Node and signals use.
 */
export interface MediaFailure {
  readonly code: number
  /** What a user is told. */
  readonly message: string
  /** Whether trying again could help. */
  readonly retriable: boolean
}

const UNSUPPORTED = 'check your input file against the input codec and container support matrix'

export const MEDIA_FAILURES = {
  usage: { code: 64, message: 'bad task parameters', retriable: false },
  sourceRefused: {
    code: 65,
    message: 'file could not be imported from URL because it was not accessible',
    retriable: false,
  },
  codec: { code: 66, message: `invalid video file codec or container, ${UNSUPPORTED}`, retriable: false },
  probe: { code: 67, message: `failed to probe or open file, ${UNSUPPORTED}`, retriable: false },
  clip: { code: 68, message: 'clip failed: start time is after the end of the source', retriable: false },
  exportRefused: { code: 69, message: 'error exporting file: the destination refused it', retriable: false },
  internal: { code: 70, message: 'internal error processing file', retriable: true },
  noProfiles: { code: 71, message: 'no transcode profiles could be resolved', retriable: false },
  tooLarge: { code: 72, message: 'file download failed: the file is too large', retriable: false },
  storage: { code: 73, message: 'error saving file to storage', retriable: true },
  address: {
    code: 74,
    message: 'file could not be imported from URL because its address is not allowed',
    retriable: false,
  },
  sourceUnreachable: {
    code: 75,
    message: 'file could not be imported from URL because it was not accessible',
    retriable: true,
  },
  stalled: { code: 76, message: 'file download failed', retriable: true },
  // Trying again brings none.
  noTools: { code: 78, message: 'internal error processing file: this server has no ffmpeg', retriable: false },
  storageRefused: { code: 77, message: 'error saving file to storage', retriable: false },
} as const satisfies Readonly<Record<string, MediaFailure>>

export type MediaFailureName = keyof typeof MEDIA_FAILURES

const BY_CODE: ReadonlyMap<number, MediaFailure> = new Map(
  Object.values(MEDIA_FAILURES).map((failure) => [failure.code, failure]),
)

export const failureOfExit = (code: number | undefined): MediaFailure | undefined =>
  code === undefined ? undefined : BY_CODE.get(code)

/** Every exit code that a program of ours fails with. */
export const ALL_CODES: readonly number[] = Object.values(MEDIA_FAILURES).map(({ code }) => code)

/** Exit codes after which no step is tried again. */
export const FINAL_CODES: readonly number[] = Object.values(MEDIA_FAILURES)
  .filter((failure) => !failure.retriable)
  .map((failure) => failure.code)

/** Ends a media program with its failure's exit code; `detail` goes to its log. */
export class MediaError extends Error {
  readonly failure: MediaFailure
  constructor(name: MediaFailureName, detail: string, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause })
    this.name = 'MediaError'
    this.failure = MEDIA_FAILURES[name]
  }
}
