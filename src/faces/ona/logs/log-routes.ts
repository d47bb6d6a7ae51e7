/**
 * Log addresses: plain text of an execution's programs from the beginning, in order of time, then as it comes, also of
 * steps and attempts that begin later, until the execution ends.
 */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AttemptId, asExecutionId, type ExecutionId, type Tenant } from '../../../core/identity.ts'
import type { LogLine } from '../../../core/ports/log-store.ts'
import type { Engine } from '../../../engine/engine.ts'
import { FACE, UUID } from '../auth.ts'
import type { Parts } from '../call.ts'
import { missing, permissionDenied } from '../errors.ts'

export function mountLogs(app: FastifyInstance, parts: Parts): void {
  app.get('/api/ona/logs/:execution', (request, reply) => answer(parts, request, reply))
}

async function answer(parts: Parts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const caller = await parts.auth.logReader(request.headers.authorization)
  const { execution: id } = request.params as { readonly execution: string }
  const { tenant } = caller.principal
  const execution = UUID.test(id)
    ? await parts.engine.execution(tenant, asExecutionId(id)).catch(() => undefined)
    : undefined
  if (execution?.submission.face !== FACE) throw missing('log', id)
  if (caller.environment !== undefined && execution.submission.refs.environment !== caller.environment)
    throw permissionDenied('this token is for another environment')
  const gone = new AbortController()
  reply.raw.on('close', () => gone.abort())
  const signal = AbortSignal.any([gone.signal, request.server.closing])
  const text = withHeartbeats(textOf(parts.engine, tenant, execution.id, signal), parts.options.heartbeatMs)
  return reply.type('text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(Readable.from(text))
}

async function* textOf(engine: Engine, tenant: Tenant, id: ExecutionId, signal: AbortSignal): AsyncIterable<Buffer> {
  const text = new Text()
  for await (const { lines } of engine.followExecutionLog(tenant, id, {}, signal))
    yield Buffer.concat(lines.flatMap(({ attempt, line }) => text.bytesOf(attempt, line)))
}

const NEWLINE = Buffer.from('\n')

/** Programs' own lines; what the engine notes is the engine's. A line without an end is ended where another program's follows. */
class Text {
  #unended: AttemptId | undefined

  bytesOf(attempt: AttemptId, { source, bytes, split, partial }: LogLine): readonly Uint8Array[] {
    if (source === 'system') return []
    const before = this.#unended === undefined || this.#unended === attempt ? [] : [NEWLINE]
    const ended = split !== true && partial !== true
    this.#unended = ended ? undefined : attempt
    return ended ? [...before, bytes, NEWLINE] : [...before, bytes]
  }
}

const SILENT = Symbol('silent')

/** An empty line keeps the connection and is nothing to the clients that read these logs (ona.md 5). */
async function* withHeartbeats(source: AsyncIterable<Buffer>, everyMs: number): AsyncIterable<Buffer> {
  const iterator = source[Symbol.asyncIterator]()
  let atLineStart = true
  try {
    let next = iterator.next()
    for (;;) {
      const heard = await within(next, everyMs)
      if (heard === SILENT) {
        if (atLineStart) yield NEWLINE
      } else if (heard.done) return
      else {
        next = iterator.next()
        if (heard.value.length > 0) {
          yield heard.value
          atLineStart = heard.value.at(-1) === 10
        }
      }
    }
  } finally {
    await iterator.return?.()
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | typeof SILENT> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<typeof SILENT>((resolve) => {
    timer = setTimeout(() => resolve(SILENT), ms)
  })
  try {
    return await Promise.race([promise, silence])
  } finally {
    clearTimeout(timer)
  }
}
