/**
 * The log of a whole execution: the lines of all its steps and attempts in order of time, page by page, forwards and
 * backwards.
 *
 * M1. Lines of one attempt keep their order, whatever the clock did; among attempts the earlier line goes first.
 * M2. A place is a vector over the attempts, so that going on from it misses nothing and repeats nothing, also of
 *     attempts that write at the same time or began since.
 * M3. What is held at once is about the page that was asked for, and a few lines of each attempt.
 */
import { notFound } from '../core/engine-error.ts'
import type { Execution } from '../core/execution.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import type { Micros } from '../core/instant.ts'
import type { LogFrom, LogLine } from '../core/ports/log-store.ts'
import type { Context } from './context.ts'
import type { ExecutionLine, ExecutionLogPage, ExecutionLogQuery } from './engine.ts'
import { inspect } from './inspect.ts'
import { attemptsOf, LogSource, mayWriteMore } from './log-source.ts'
import { decodeVector, encodeVector, type LogVector } from './log-vector.ts'

export async function executionLog(
  context: Context,
  tenant: Tenant,
  id: ExecutionId,
  query: ExecutionLogQuery,
): Promise<ExecutionLogPage> {
  const execution = await inspect(context, tenant, id)
  if (!execution) throw notFound('execution', id)
  const sources = attemptsOf(execution, query.steps).map((attempt) => new LogSource(context, tenant, attempt))
  const backwards = query.backwards === true || query.before !== undefined
  return backwards ? readBackwards(execution, sources, query) : readForwards(execution, sources, query)
}

/** About how many lines of each of so many attempts are read at once. */
const chunkOf = (limit: number, attempts: number): number =>
  Math.max(10, Math.min(500, Math.ceil((2 * limit) / Math.max(1, attempts))))

const lineOf = ({ attempt }: LogSource, line: LogLine): ExecutionLine => ({
  attempt: attempt.id,
  step: attempt.step,
  line,
})

/** One attempt on the way forwards: opened when its time has come, filled anew when it runs empty. */
class Forwards {
  readonly source: LogSource
  readonly #chunk: number
  readonly #until: Micros
  #from: NonNullable<LogFrom>
  #lines: readonly LogLine[] = []
  #at = 0
  /** There is nothing more, for now. */
  drained = false
  ended = false

  constructor(source: LogSource, from: NonNullable<LogFrom>, chunk: number, until: Micros) {
    this.source = source
    this.#from = from
    this.#chunk = chunk
    this.#until = until
  }

  get head(): LogLine | undefined {
    return this.#lines[this.#at]
  }

  /** Undefined: nothing is known but an instant. */
  get next(): number | undefined {
    return this.head?.seq ?? ('seq' in this.#from ? this.#from.seq : undefined)
  }

  take(): LogLine {
    return this.#lines[this.#at++]!
  }

  async fill(): Promise<void> {
    if (this.head !== undefined || this.drained) return
    const page = await this.source.read(this.#from, this.#chunk)
    const beyond = page.lines.findIndex((line) => line.at >= this.#until)
    this.#lines = beyond < 0 ? page.lines : page.lines.slice(0, beyond)
    this.#at = 0
    this.#from = { seq: beyond < 0 ? page.next : page.lines[beyond]!.seq }
    this.ended = page.end || beyond >= 0
    this.drained = this.#lines.length === 0
  }
}

async function readForwards(
  execution: Execution,
  sources: readonly LogSource[],
  query: ExecutionLogQuery,
): Promise<ExecutionLogPage> {
  const { limit, until = Number.POSITIVE_INFINITY } = query
  const start = startOf(execution, query)
  const chunk = chunkOf(limit, sources.length)
  const walks = sources.map((source) => new Forwards(source, source.fromOf(start), chunk, until))
  const lines: ExecutionLine[] = []
  while (lines.length < limit) {
    const first = await earliest(walks)
    if (!first) break
    lines.push(lineOf(first.source, first.take()))
  }
  const next = new Map(start.next)
  for (const { source, next: seq } of walks) if (seq !== undefined && seq > 0) next.set(source.attempt.place, seq)
  const complete = lines.length < limit && walks.every((walk) => walk.ended)
  return {
    lines,
    before: encodeVector(execution.id, start),
    after: encodeVector(execution.id, { since: start.since, next }),
    end: complete && !mayWriteMore(execution),
  }
}

const startOf = (execution: Execution, { after, since }: ExecutionLogQuery): LogVector =>
  after === undefined ? { since, next: new Map() } : decodeVector(execution.id, after, 'after')

/** The attempt with the earliest line. One that began after that line need not be opened yet. */
async function earliest(walks: readonly Forwards[]): Promise<Forwards | undefined> {
  let best: Forwards | undefined
  for (const walk of walks) {
    if (best?.head && walk.head === undefined && walk.source.attempt.beginsAt > best.head.at) continue
    await walk.fill()
    if (walk.head && (!best?.head || walk.head.at < best.head.at)) best = walk
  }
  return best
}

/** One attempt on the way backwards. */
class Backwards {
  readonly source: LogSource
  readonly #chunk: number
  readonly #since: Micros
  #lines: LogLine[] = []
  /** The lines before this one are still to be read. */
  #until: number

  constructor(source: LogSource, until: number, chunk: number, since: Micros) {
    this.source = source
    this.#until = until
    this.#chunk = chunk
    this.#since = since
  }

  get tail(): LogLine | undefined {
    return this.#lines[this.#lines.length - 1]
  }

  /** The first line that was taken. */
  get next(): number {
    const { tail } = this
    return tail ? tail.seq + 1 : this.#until
  }

  take(): LogLine {
    return this.#lines.pop()!
  }

  async fill(): Promise<void> {
    while (this.#lines.length === 0 && this.#until > 0) {
      const from = Math.max(0, this.#until - this.#chunk)
      const { lines, nothingBefore } = await this.#between(from, this.#until)
      this.#lines = lines.filter((line) => line.at >= this.#since)
      this.#until = nothingBefore || this.#lines.length < lines.length ? 0 : from
    }
  }

  /** A page may end early: it never spans a hole. */
  async #between(from: number, until: number): Promise<{ readonly lines: LogLine[]; readonly nothingBefore: boolean }> {
    const lines: LogLine[] = []
    let nothingBefore = false
    for (let seq = from; seq < until; ) {
      const page = await this.source.read({ seq }, until - seq)
      for (const line of page.lines) if (line.seq < until) lines.push(line)
      if (page.lines.length === 0 || page.next <= seq) break
      nothingBefore ||= page.gap === true && seq === from && page.lines[0]!.seq >= until
      seq = page.next
    }
    return { lines, nothingBefore }
  }
}

async function readBackwards(
  execution: Execution,
  sources: readonly LogSource[],
  query: ExecutionLogQuery,
): Promise<ExecutionLogPage> {
  const { limit, since = Number.NEGATIVE_INFINITY } = query
  const top = await topOf(execution, sources, query)
  const chunk = Math.min(100, chunkOf(limit, sources.length))
  const walks = sources.map((s) => new Backwards(s, top.next.get(s.attempt.place) ?? 0, chunk, since))
  const lines: ExecutionLine[] = []
  while (lines.length < limit) {
    const last = await latest(walks)
    if (!last) break
    lines.push(lineOf(last.source, last.take()))
  }
  const next = new Map(walks.map(({ source, next: seq }) => [source.attempt.place, seq]))
  return {
    lines: lines.reverse(),
    before: encodeVector(execution.id, { since: undefined, next }),
    after: encodeVector(execution.id, top),
    end: lines.length < limit,
  }
}

/** Where reading backwards begins, for every attempt. */
async function topOf(
  execution: Execution,
  sources: readonly LogSource[],
  { before, until }: ExecutionLogQuery,
): Promise<LogVector> {
  const given = before === undefined ? undefined : decodeVector(execution.id, before, 'before')
  const next = new Map<string, number>()
  for (const source of sources) {
    const bound = until === undefined ? undefined : await source.seqAt({ since: until })
    const known = given ? await source.seqAt(source.fromOf(given)) : await source.seqAt({ last: 0 })
    next.set(source.attempt.place, Math.min(known, bound ?? known))
  }
  return { since: undefined, next }
}

async function latest(walks: readonly Backwards[]): Promise<Backwards | undefined> {
  let best: Backwards | undefined
  for (const walk of walks) {
    await walk.fill()
    if (walk.tail && (!best?.tail || walk.tail.at >= best.tail.at)) best = walk
  }
  return best
}
