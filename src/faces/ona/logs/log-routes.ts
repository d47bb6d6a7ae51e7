/**
 * Log addresses: plain text of an execution's programs from the beginning, in order of time, then as it comes, also of
 * steps and attempts that begin later, until the execution ends.
 */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AttemptId, asExecutionId, type ExecutionId, type Tenant } from '../../../core/identity.ts'
import type { LogLine } from '../../../core/ports/log-store.ts'
import type { Engine } from '../../../engine/engine.ts'
import { checkGrant, FACE, UUID } from '../auth.ts'
import type { Parts } from '../call.ts'
import { COLLECTIONS, type PrebuildRecord } from '../documents.ts'
import { missing, permissionDenied } from '../errors.ts'
import { isOver } from '../prebuild/life-cycle.ts'
import { SILENT, within } from '../wire/within.ts'

export function mountLogs(app: FastifyInstance, parts: Parts): void {
  app.get('/api/ona/logs/:execution', (request, reply) => answer(parts, request, reply))
}

async function answer(parts: Parts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const caller = await parts.auth.logReader(request.headers.authorization)
  checkGrant(caller, 'GetTaskExecution', true)
  const { execution: id } = request.params as { readonly execution: string }
  const gone = new AbortController()
  reply.raw.on('close', () => gone.abort())
  const signal = AbortSignal.any([gone.signal, request.server.closing])
  const log = UUID.test(id) ? await logOf(parts, caller.principal.tenant, id, signal) : undefined
  if (!log) throw missing('log', id)
  if (caller.environment !== undefined && log.environment !== caller.environment)
    throw permissionDenied('this token is for another environment')
  const text = withHeartbeats(log.text, parts.options.heartbeatMs)
  return reply.type('text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(Readable.from(text))
}

interface Log {
  readonly environment: string | undefined
  readonly text: AsyncIterable<Buffer>
}

/** Of an execution, or of all that a prebuild runs. */
async function logOf(parts: Parts, tenant: Tenant, id: string, signal: AbortSignal): Promise<Log | undefined> {
  const { engine } = parts
  const execution = await engine.execution(tenant, asExecutionId(id)).catch(() => undefined)
  if (execution?.submission.face === FACE)
    return { environment: execution.submission.refs.environment, text: textOf(engine, tenant, execution.id, signal) }
  const prebuild = await engine.document<PrebuildRecord>(tenant, COLLECTIONS.prebuild, id)
  if (!prebuild) return undefined
  return { environment: prebuild.body.environment, text: textOfPrebuild(parts, tenant, prebuild.body, signal) }
}

/** One execution after the other, in the order of their starts; then what starts later, until the prebuild is over. */
async function* textOfPrebuild(
  { engine, hub }: Parts,
  tenant: Tenant,
  { id, environment }: PrebuildRecord,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  const ended = new AbortController()
  const news = hub.subscribe(tenant, AbortSignal.any([signal, ended.signal]))[Symbol.asyncIterator]()
  const told = new Set<string>()
  const filter = { face: FACE, refs: { environment, kind: ['environment', 'task'] } }
  try {
    while (!signal.aborted) {
      // Looked at before the executions: one that is over begins no more of them.
      const prebuild = await engine.document<PrebuildRecord>(tenant, COLLECTIONS.prebuild, id)
      const { items } = await engine.executions(tenant, filter, { limit: MOST_EXECUTIONS })
      const fresh = items.filter((e) => !told.has(e.id)).reverse()
      for (const execution of fresh) {
        told.add(execution.id)
        yield* textOf(engine, tenant, execution.id, signal)
      }
      if (fresh.length > 0) continue
      if (!prebuild || isOver(prebuild.body) || (await news.next()).done) return
    }
  } finally {
    ended.abort()
  }
}

const MOST_EXECUTIONS = 1_000

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
