import type { Exit } from '../../core/exit.ts'
import type { AttemptId } from '../../core/identity.ts'
import type { ExecRequest, ExecSession } from '../../core/ports/executor.ts'
import { reason } from '../../core/reason.ts'
import type { CellLink } from './cell-link.ts'

type Output = { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }

/** A command inside an attempt's sandbox, carried out by the attempt's cell. */
export function openExecSession(link: CellLink, attempt: AttemptId, request: ExecRequest): ExecSession {
  const output = new OutputQueue()
  const { promise: exit, resolve } = Promise.withResolvers<Exit>()
  const finish = (how: Exit): void => {
    output.end()
    resolve(how)
  }
  const session = link.session((message) => {
    if (message === undefined)
      finish({ outcome: 'lost', reason: reason('cell_died', 'the connection to the cell broke') })
    else if (message.say === 'execExit') finish(message.exit)
    else output.put({ stream: message.stream, bytes: Buffer.from(message.base64, 'base64') })
  })
  const { argv, env = {}, workdir, user, timeoutMs, stdin } = request
  const named = { ...(workdir && { workdir }), ...(user && { user }), ...(timeoutMs !== undefined && { timeoutMs }) }
  link.send({ do: 'exec', session, attempt, command: { argv, env, ...named, stdin: stdin !== undefined } })
  if (stdin !== undefined) void pump(link, session, stdin)
  return { output, exit, kill: () => link.send({ do: 'execKill', session }) }
}

async function pump(link: CellLink, session: number, stdin: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const bytes of stdin)
      link.send({ do: 'execInput', session, base64: Buffer.from(bytes).toString('base64') })
    link.send({ do: 'execInput', session, end: true })
  } catch {
    // Whoever typed has gone: so has the command's reason to run.
    link.send({ do: 'execKill', session })
  }
}

/** Bytes on their way to one reader, who may come late. */
class OutputQueue implements AsyncIterable<Output> {
  readonly #waiting: Output[] = []
  #ended = false
  #wake: () => void = () => {}

  put(output: Output): void {
    this.#waiting.push(output)
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Output> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next !== undefined) yield next
      else if (this.#ended) return
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}
