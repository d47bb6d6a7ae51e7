/**
 * A log as text, piece by piece. Clients put the pieces together as they are (reference §3.4), so what a program left
 * unfinished is ended before somebody else speaks, and a long line that comes in parts is marked and decoded as one.
 */
import { TextDecoder } from 'node:util'
import type { Instant } from '../../../core/instant.ts'
import type { LogLine } from '../../../core/ports/log-store.ts'
import { timestamp } from '../wire/timestamp.ts'

export interface LogItem {
  readonly timestamp: string
  readonly message: string
}

export class LogText {
  readonly #decoders = new Map<string, TextDecoder>()
  /** Who wrote what is not ended yet; a program that has ended will not go on with it. */
  #open: { readonly who: string; readonly mayGoOn: boolean } | undefined

  /** `step`: whose program wrote it. */
  line(step: string, line: LogLine): LogItem {
    const who = `${line.source} of ${step}`
    const isContinued = this.#open?.mayGoOn === true && this.#open.who === who
    const prefix = isContinued ? '' : `${this.#end()}${line.source === 'stdout' ? '' : 'W: '}`
    const text = this.#decoded(who, line)
    const isEnded = !line.partial && !line.split
    this.#open = isEnded ? undefined : { who, mayGoOn: line.split === true }
    return { timestamp: timestamp(line.at / 1_000), message: `${prefix}${text}${isEnded ? '\n' : ''}` }
  }

  /** A line of the server's own. */
  said(at: Instant, text: string): LogItem {
    return { timestamp: timestamp(at), message: `${this.#end()}${text}\n` }
  }

  #end(): string {
    const end = this.#open === undefined ? '' : '\n'
    this.#open = undefined
    return end
  }

  #decoded(who: string, { bytes, split }: LogLine): string {
    const decoder = this.#decoders.get(who) ?? new TextDecoder('utf-8', { ignoreBOM: true })
    if (split) this.#decoders.set(who, decoder)
    else this.#decoders.delete(who)
    return decoder.decode(bytes, { stream: split === true })
  }
}
