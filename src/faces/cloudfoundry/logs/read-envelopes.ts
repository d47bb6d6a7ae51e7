/** The log cache: what the origins of a source wrote, as envelopes in order of time. */
import { isEngineError } from '../../../core/engine-error.ts'
import { asExecutionId } from '../../../core/identity.ts'
import type { LogLine } from '../../../core/ports/log-store.ts'
import { storedLog } from '../../kit/stored-log.ts'
import type { Call } from '../operation.ts'
import type { LogOrigin } from './log-origin.ts'

export interface Envelope {
  readonly timestamp: string
  readonly source_id: string
  readonly instance_id: string
  readonly deprecated_tags: object
  readonly tags: Readonly<Record<string, string>>
  readonly log: { readonly payload: string; readonly type: 'OUT' | 'ERR' }
}

export interface EnvelopeQuery {
  readonly source: string
  /** Nanoseconds: from inclusive, until exclusive. */
  readonly from: bigint
  readonly until: bigint
  readonly limit: number
  readonly descending: boolean
}

const NS_PER_US = 1_000n
const US_PER_MS = 1_000
const NS_PER_MS = 1_000_000n
/** An end and its last line may be told at times that differ by clock and rounding, ms. */
const SLACK_MS = 2_000

/** Origins are asked in the direction of reading, and no further than the page needs. */
export async function readEnvelopes(
  call: Call,
  origins: readonly LogOrigin[],
  query: EnvelopeQuery,
): Promise<Envelope[]> {
  const concerned = origins.filter((origin) => overlaps(origin, query))
  const ordered = query.descending
    ? [...concerned].sort((a, b) => endOf(b) - endOf(a))
    : [...concerned].sort((a, b) => a.created - b.created)
  let found: Envelope[] = []
  for (const origin of ordered) {
    if (found.length >= query.limit && isBeyond(origin, found[query.limit - 1]!, query)) break
    found.push(...(await envelopesOf(call, origin, query)))
    found.sort(query.descending ? newestFirst : oldestFirst)
    found = found.slice(0, query.limit)
  }
  return found
}

const endOf = ({ ended }: LogOrigin): number => ended ?? Number.MAX_SAFE_INTEGER

const overlaps = ({ created, ended }: LogOrigin, { from, until }: EnvelopeQuery): boolean =>
  (ended === undefined || BigInt(ended + SLACK_MS) * NS_PER_MS >= from) &&
  BigInt(created - SLACK_MS) * NS_PER_MS < until

/** Nothing of this one, and so of none after it, can be on the page. */
function isBeyond({ created, ended }: LogOrigin, last: Envelope, { descending }: EnvelopeQuery): boolean {
  const at = BigInt(last.timestamp)
  if (descending) return ended !== undefined && BigInt(ended + SLACK_MS) * NS_PER_MS < at
  return BigInt(created - SLACK_MS) * NS_PER_MS > at
}

const oldestFirst = (a: Envelope, b: Envelope): number => compare(BigInt(a.timestamp), BigInt(b.timestamp))
const newestFirst = (a: Envelope, b: Envelope): number => oldestFirst(b, a)
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

async function envelopesOf(call: Call, origin: LogOrigin, query: EnvelopeQuery): Promise<Envelope[]> {
  const stamps = new Stamps()
  const envelopes: Envelope[] = []
  const within = ({ timestamp }: Envelope): boolean =>
    BigInt(timestamp) >= query.from && BigInt(timestamp) < query.until
  for await (const line of linesOf(call, origin, query)) {
    const envelope = lineEnvelope(origin, query.source, line, stamps.next(line.at))
    if (within(envelope)) envelopes.push(envelope)
    if (!query.descending && envelopes.length >= query.limit) return envelopes
  }
  const end = endEnvelope(origin, query.source, stamps.last)
  return end && within(end) ? [...envelopes, end] : envelopes
}

/**
 * Lines that were read in one piece share their microsecond; clients go on after the nanosecond that they saw last. So
 * each line gets one of its own, the same in every reading that begins before its piece.
 */
class Stamps {
  last = 0n

  next(at: number): bigint {
    const own = BigInt(Math.round(at)) * NS_PER_US
    this.last = own > this.last ? own : this.last + 1n
    return this.last
  }
}

/** As far back as the stamps of one piece (64 KiB, a nanosecond a line) may reach beyond its microsecond. */
const PIECE_US = 70n

async function* linesOf(call: Call, origin: LogOrigin, query: EnvelopeQuery): AsyncIterable<LogLine> {
  const since = query.from > 0n ? Number(query.from / NS_PER_US - PIECE_US) : 0
  const from = query.descending ? { last: query.limit } : { since }
  const which = { execution: asExecutionId(origin.execution) }
  try {
    for await (const lines of storedLog(call.engine, call.caller.tenant, which, from)) yield* lines
  } catch (error) {
    // It has not started yet, or its log has been removed.
    if (!isEngineError(error, 'not_found')) throw error
  }
}

const lineEnvelope = ({ tags }: LogOrigin, source: string, line: LogLine, at: bigint): Envelope => ({
  timestamp: String(at),
  source_id: source,
  instance_id: '0',
  deprecated_tags: {},
  tags,
  log: { payload: Buffer.from(line.bytes).toString('base64'), type: line.source === 'stdout' ? 'OUT' : 'ERR' },
})

/** The cell's own last word. */
function endEnvelope({ tags, ended, lastWord }: LogOrigin, source: string, last: bigint): Envelope | undefined {
  if (ended === undefined || lastWord === undefined) return undefined
  const at = BigInt(ended * US_PER_MS) * NS_PER_US
  const after = last + 1n
  return {
    timestamp: String(at > after ? at : after),
    source_id: source,
    instance_id: '0',
    deprecated_tags: {},
    tags,
    log: { payload: Buffer.from(lastWord).toString('base64'), type: 'OUT' },
  }
}
