/** Lines of git's protocol: four hex digits of length, themselves included, and the content (gitprotocol-common). */
import type { Readable } from 'node:stream'
import { badRequest } from '../errors.ts'

export const FLUSH = Buffer.from('0000')
const HEAD = 4
/** The longest that is allowed, length digits included. */
const LONGEST = 65_520

export function pktLine(content: string | Buffer): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
  return Buffer.concat([Buffer.from((bytes.length + HEAD).toString(16).padStart(HEAD, '0')), bytes])
}

/** Data for one of the three bands of an answer, in as many lines as it needs. 1: the report, 2: what the user sees. */
export function* band(number: 1 | 2, bytes: Buffer): Generator<Buffer> {
  const most = LONGEST - HEAD - 1
  for (let at = 0; at < bytes.length; at += most)
    yield pktLine(Buffer.concat([Buffer.from([number]), bytes.subarray(at, at + most)]))
}

/** Takes lines off the front of a stream; what is behind them is left to `rest`. Throws 400 for what is no such line. */
export class PktReader {
  readonly #chunks: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /** Content of the next line without its line break; undefined for a flush. */
  async next(): Promise<string | undefined> {
    const head = (await this.#take(HEAD)).toString('latin1')
    const length = /^[0-9a-f]{4}$/i.test(head) ? Number.parseInt(head, 16) : -1
    if (length === 0) return undefined
    if (length < HEAD || length > LONGEST) throw badRequest('this is no line of the git protocol')
    return (await this.#take(length - HEAD)).toString('utf8').replace(/\n$/, '')
  }

  /** All lines before the next flush. Throws 400 beyond `most`. */
  async section(most: number): Promise<readonly string[]> {
    const lines: string[] = []
    for (let line = await this.next(); line !== undefined; line = await this.next()) {
      if (lines.push(line) > most) throw badRequest(`more than ${most} lines were sent`)
    }
    return lines
  }

  async *rest(): AsyncGenerator<Buffer> {
    if (this.#held.length > 0) yield this.#held
    for (let next = await this.#chunks.next(); !next.done; next = await this.#chunks.next()) yield next.value
  }

  async #take(wanted: number): Promise<Buffer> {
    while (this.#held.length < wanted) {
      const next = await this.#chunks.next()
      if (next.done) throw badRequest('the push broke off')
      this.#held = Buffer.concat([this.#held, next.value])
    }
    const taken = this.#held.subarray(0, wanted)
    this.#held = this.#held.subarray(wanted)
    return taken
  }
}
