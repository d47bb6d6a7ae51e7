import { once } from 'node:events'
import type { Paint } from './colour.ts'
import { paintFor } from './colour.ts'

/** Where a command writes. `format` is what the user asked for; `json` means documents for programs, no prose. */
export interface Output {
  readonly format: string
  readonly isTerminal: boolean
  /** Paints for stdout, and for stderr, by what each of them is. */
  readonly paint: Paint
  readonly paintNote: Paint
  text(text: string): void
  /** Resolves when there is room for more, so that a slow reader slows the writer and fills no memory. */
  bytes(bytes: Uint8Array, stream: 'stdout' | 'stderr'): Promise<void>
  /** One JSON document. */
  document(value: unknown): void
  /** One line of JSON lines. */
  line(value: unknown): void
  /** For people, on stderr; not with `--format json`. */
  note(text: string): void
  /** The document with `--format json`, else the human text. */
  show(value: unknown, human: () => string): void
  /** Resolves when all that was written is with the reader. */
  flush(): Promise<void>
}

export function outputFor(
  format: string,
  environment: Readonly<Record<string, string | undefined>>,
  stdout: NodeJS.WriteStream = process.stdout,
  stderr: NodeJS.WriteStream = process.stderr,
): Output {
  const text = (written: string): void => void stdout.write(written)
  const line = (value: unknown): void => text(`${JSON.stringify(value)}\n`)
  const document = (value: unknown): void => text(`${JSON.stringify(value, null, 2)}\n`)
  return {
    format,
    isTerminal: Boolean(stderr.isTTY),
    paint: paintFor(stdout, environment),
    paintNote: paintFor(stderr, environment),
    text,
    bytes: async (bytes, stream) => {
      const target = stream === 'stdout' ? stdout : stderr
      if (!target.write(bytes)) await once(target, 'drain')
    },
    document,
    line,
    note: (note) => void (format === 'json' || stderr.write(`${note}\n`)),
    show: (value, human) => (format === 'json' ? document(value) : text(human())),
    flush: () => Promise.all([drained(stdout), drained(stderr)]).then(() => undefined),
  }
}

const drained = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => (stream.writableLength === 0 ? resolve() : stream.write('', () => resolve())))
