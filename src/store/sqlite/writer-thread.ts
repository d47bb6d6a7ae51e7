/**
 * The main thread's end of the writer.
 *
 * R1. Requests are answered in order, one at a time; `busy` is true from `ask` until its reply.
 * R2. When the thread dies, whoever waits gets `unavailable`, and so does everyone after.
 */
import { Worker } from 'node:worker_threads'
import { EngineError } from '../../core/engine-error.ts'
import { closed } from '../store-error.ts'
import type { Reply, Request } from './batch-protocol.ts'
import { fromWire } from './sqlite-error.ts'
import type { WriterData } from './writer.ts'

type ReplyOf<Kind extends Reply['kind']> = Extract<Reply, { kind: Kind }>

interface Waiting {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: EngineError) => void
}

/** What a batch leaves behind dies with its reply: more room for it would only be memory held. */
const YOUNG_MB = 8

export class WriterThread {
  readonly #worker: Worker
  readonly #waiting: Waiting[] = []
  #dead: EngineError | undefined

  private constructor(data: WriterData) {
    // Sources run as they are in development; a published build holds the same files as JavaScript.
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
    this.#worker = new Worker(new URL(`./writer${extension}`, import.meta.url), {
      workerData: data,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    this.#worker.on('message', (reply: Reply) => this.#settle(reply))
    this.#worker.on('error', (error) => this.#die(error))
    this.#worker.on('exit', () => this.#die(undefined))
  }

  /** Opens and migrates the database; rejects as the thread says. */
  static async start(data: WriterData): Promise<{ readonly thread: WriterThread; readonly ready: ReplyOf<'ready'> }> {
    const thread = new WriterThread(data)
    const ready = await thread.#expect('ready')
    return { thread, ready }
  }

  ask<Kind extends Reply['kind']>(request: Request, kind: Kind): Promise<ReplyOf<Kind>> {
    if (this.#dead) return Promise.reject(this.#dead)
    this.#worker.postMessage(request)
    return this.#expect(kind)
  }

  async close(): Promise<void> {
    if (this.#dead) return
    await this.ask({ kind: 'close' }, 'closed')
    await this.#worker.terminate()
  }

  #expect<Kind extends Reply['kind']>(_kind: Kind): Promise<ReplyOf<Kind>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (reply: Reply) => void, reject })
    })
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.shift()
    if (reply.kind === 'failed') waiting?.reject(fromWire(reply.error))
    else waiting?.resolve(reply)
  }

  #die(cause: Error | undefined): void {
    this.#dead ??= cause
      ? new EngineError('unavailable', `the thread that writes has died: ${cause.message}`, { subject: 'store' }, cause)
      : closed()
    for (const { reject } of this.#waiting.splice(0)) reject(this.#dead)
  }
}
