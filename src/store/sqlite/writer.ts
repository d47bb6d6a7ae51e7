/**
 * The thread that writes. It owns the one writing connection; the main thread sends one request at a time and gets one
 * reply to each (see batch-protocol.ts).
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Reply, Request } from './batch-protocol.ts'
import { BatchWriter } from './batch-writer.ts'
import { openForWriting, type WriterTuning } from './database.ts'
import { migrate, renewEpoch } from './migrate.ts'
import { explain, toWire } from './sqlite-error.ts'

export interface WriterData {
  readonly directory: string
  readonly tuning: WriterTuning
}

function serve(port: MessagePort, { directory, tuning }: WriterData): void {
  const say = (reply: Reply): void => port.postMessage(reply)
  const writer = new Writer(directory, tuning)
  port.on('message', (request: Request) => {
    say(attempt(() => writer.answer(request)))
    if (request.kind === 'close') port.close()
  })
  say(writer.ready())
}

class Writer {
  readonly #database
  readonly #batches: BatchWriter

  constructor(directory: string, tuning: WriterTuning) {
    this.#database = openForWriting(directory, tuning)
    migrate(this.#database)
    this.#batches = new BatchWriter(this.#database)
  }

  answer(request: Request): Reply {
    switch (request.kind) {
      case 'batch':
        return { kind: 'batch', fates: this.#batches.write(request.atoms) }
      case 'prune':
        return this.#prune(request.before, request.keep)
      case 'reset':
        return this.#reset()
      case 'close':
        this.#database.close()
        return { kind: 'closed' }
    }
  }

  ready(): Reply {
    const epoch = String(this.#database.prepare("SELECT value FROM meta WHERE name = 'epoch'").get()?.value)
    const { head, pruned } = this.#batches.events
    return { kind: 'ready', epoch, head, pruned }
  }

  #prune(before: number, keep: number): Reply {
    const round = this.#batches.transaction(() => this.#batches.events.prune(before, keep))
    return { kind: 'pruned', ...round, pruned: this.#batches.events.pruned }
  }

  #reset(): Reply {
    const tables = this.#database.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    this.#batches.transaction(() => {
      for (const { name } of tables.all()) this.#database.exec(`DELETE FROM "${name}"`)
      renewEpoch(this.#database, true)
    })
    this.#batches.reload()
    return this.ready()
  }
}

function attempt(answer: () => Reply): Reply {
  try {
    return answer()
  } catch (error) {
    return { kind: 'failed', error: toWire(explain(error)) }
  }
}

if (parentPort) {
  try {
    serve(parentPort, workerData as WriterData)
  } catch (error) {
    parentPort.postMessage({ kind: 'failed', error: toWire(explain(error)) } satisfies Reply)
    parentPort.close()
  }
}
