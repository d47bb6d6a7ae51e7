/** Events, log lines and what is used now → this wire. */
import { isUtf8 } from 'node:buffer'
import type { Event } from '../../core/event.ts'
import type { AttemptId } from '../../core/identity.ts'
import type { Stats } from '../../core/ports/executor.ts'
import type { LogLine } from '../../core/ports/log-store.ts'
import { microsText, timeText } from './units.ts'
import type * as wire from './wire/following.ts'

export function presentEvent(event: Event): wire.Event {
  const { transition } = event
  const head = {
    position: event.position,
    execution: event.execution,
    at: timeText(event.at),
    version: event.version,
  }
  const due = 'notBefore' in transition ? { notBefore: timeText(transition.notBefore) } : {}
  const rest: object = transition
  return { ...head, ...rest, ...due } as Partial<wire.Event> as wire.Event
}

export function presentLine(line: LogLine, attempt?: AttemptId): wire.LogLine {
  const bytes = Buffer.from(line.bytes.buffer, line.bytes.byteOffset, line.bytes.byteLength)
  return {
    seq: line.seq,
    at: microsText(line.at),
    source: line.source,
    text: bytes.toString('utf8'),
    ...(!isUtf8(bytes) && { base64: bytes.toString('base64') }),
    ...(line.split === true && { split: true }),
    ...(line.partial === true && { partial: true }),
    ...(attempt !== undefined && { attempt }),
  }
}

/** As the program wrote it: a split line goes on, a partial one ends without an end of line. */
export const presentBytes = (line: LogLine): Uint8Array =>
  line.split === true || line.partial === true ? line.bytes : Buffer.concat([line.bytes, NEWLINE])

const NEWLINE = Buffer.from('\n')

export const presentStats = (stats: Stats) => ({
  at: microsText(stats.at),
  cpuSeconds: stats.cpuMicros / 1_000_000,
  memoryBytes: stats.memoryBytes,
  peakMemoryBytes: stats.peakMemoryBytes,
  pids: stats.pids,
})
