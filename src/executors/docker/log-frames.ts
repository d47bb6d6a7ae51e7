import type { LogSource } from '../../core/ports/log-store.ts'

/** One message of a container's log: a line with its end, or a part of a long one. */
export interface LogMessage {
  readonly source: LogSource
  /** Nanoseconds since the Unix epoch, as the engine stamped it. */
  readonly nanos: bigint
  readonly bytes: Buffer
}

const HEADER_BYTES = 8
const SPACE = 32
const NEWLINE = 10

/**
 * Cuts the engine's log stream, with timestamps, into messages. Without a terminal each comes in a frame: stream, three
 * zeros, length (Docker Engine API, ContainerAttach, "Stream format"); with one the stream is bare lines.
 */
export class LogFrames {
  readonly #terminal: boolean
  #rest: Buffer = Buffer.alloc(0)

  constructor(terminal: boolean) {
    this.#terminal = terminal
  }

  *cut(chunk: Buffer): Generator<LogMessage> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (let message = this.#next(); message !== undefined; message = this.#next()) yield message
  }

  #next(): LogMessage | undefined {
    const frame = this.#terminal ? this.#line() : this.#frame()
    return frame === undefined ? undefined : messageOf(frame.source, frame.body)
  }

  #frame(): { readonly source: LogSource; readonly body: Buffer } | undefined {
    const rest = this.#rest
    if (rest.length < HEADER_BYTES) return undefined
    const end = HEADER_BYTES + rest.readUInt32BE(4)
    if (rest.length < end) return undefined
    this.#rest = rest.subarray(end)
    return { source: rest[0] === 2 ? 'stderr' : 'stdout', body: rest.subarray(HEADER_BYTES, end) }
  }

  #line(): { readonly source: LogSource; readonly body: Buffer } | undefined {
    const end = this.#rest.indexOf(NEWLINE) + 1
    if (end === 0) return undefined
    const body = this.#rest.subarray(0, end)
    this.#rest = this.#rest.subarray(end)
    return { source: 'stdout', body }
  }
}

function messageOf(source: LogSource, body: Buffer): LogMessage {
  const space = body.indexOf(SPACE)
  const nanos = space < 0 ? undefined : nanosOf(body.toString('latin1', 0, space))
  if (nanos === undefined) return { source, nanos: 0n, bytes: body }
  return { source, nanos, bytes: body.subarray(space + 1) }
}

/** Of an RFC 3339 time with up to nine decimals; undefined when the text is none. */
function nanosOf(text: string): bigint | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text)
  if (parts === null) return undefined
  const ms = Date.parse(parts[1]! + parts[3]!)
  return BigInt(ms) * 1_000_000n + BigInt((parts[2] ?? '').padEnd(9, '0'))
}
