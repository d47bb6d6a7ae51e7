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

/** Lines `skip` to `skip + take` of a run as log lines numbered from `seq`: views of one copy of that stretch. */
export function linesOfRun(run: LineRun, seq: number, skip: number, take: number): LogLine[] {
  const count = Math.min(run.lines - skip, take)
  const start = afterLines(run.payload, 0, skip)
  const stretch = Buffer.from(run.payload.subarray(start, afterLines(run.payload, start, count)))
  const lines: LogLine[] = []
  let from = 0
  for (let index = 0; index < count; index++) {
    const newline = stretch.indexOf(NEWLINE, from)
    const end = newline === -1 ? stretch.length : newline
    lines.push(lineOf(run, seq + index, stretch.subarray(from, end), skip + index))
    from = end + 1
  }
  return lines
}

/** Offset behind `count` lines that begin at `from`. */
function afterLines(payload: Buffer, from: number, count: number): number {
  let at = from
  for (let line = 0; line < count && at < payload.length; line++) {
    const newline = payload.indexOf(NEWLINE, at)
    at = newline === -1 ? payload.length : newline + 1
  }
  return at
}

function lineOf(run: LineRun, seq: number, bytes: Buffer, index: number): LogLine {
  const line = { seq, at: run.at, source: run.source, bytes }
  if (run.ending === 'whole' || index < run.lines - 1) return line
  return run.ending === 'split' ? { ...line, split: true } : { ...line, partial: true }
}
