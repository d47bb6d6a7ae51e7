import type { Micros } from '../core/instant.ts'
import type { LogLine, LogSource } from '../core/ports/log-store.ts'
import type { Ending } from './line-cutter.ts'

const NEWLINE = 10

export interface LineRun {
  readonly source: LogSource
  readonly ending: Ending
  readonly lines: number
  readonly at: Micros
  readonly payload: Buffer
}

/** Lines `skip` to `skip + take` of a run as log lines numbered from `seq`. Copies: the payload may be reused. */
export function linesOfRun(run: LineRun, seq: number, skip: number, take: number): LogLine[] {
  const lines: LogLine[] = []
  const until = Math.min(run.lines, skip + take)
  let from = 0
  for (let index = 0; index < until; index++) {
    const newline = run.payload.indexOf(NEWLINE, from)
    const end = newline === -1 ? run.payload.length : newline
    if (index >= skip) lines.push(lineOf(run, seq + index - skip, run.payload.subarray(from, end), index))
    from = end + 1
  }
  return lines
}

function lineOf(run: LineRun, seq: number, view: Buffer, index: number): LogLine {
  const line = { seq, at: run.at, source: run.source, bytes: Uint8Array.prototype.slice.call(view) }
  if (run.ending === 'whole' || index < run.lines - 1) return line
  return run.ending === 'split' ? { ...line, split: true } : { ...line, partial: true }
}
