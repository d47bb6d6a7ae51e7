import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AttemptId, asTenant, type Tenant } from '../core/identity.ts'
import type { Micros } from '../core/instant.ts'
import type { LogFrom, LogLine, LogStore } from '../core/ports/log-store.ts'

/** For tests of this folder. */
export const TENANT: Tenant = asTenant('acme')
export const NOW: Micros = 1_700_000_000_000_000
export const attemptNamed = (name: string): AttemptId => `${name}:0:1` as AttemptId
export const textOf = (line: LogLine): string => Buffer.from(line.bytes).toString('latin1')

export async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-logs-'))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export interface WholeLog {
  readonly lines: readonly LogLine[]
  readonly end: boolean
  readonly gap: boolean
}

/** Page after page until nothing follows. */
export async function readAll(
  store: LogStore,
  attempt: AttemptId,
  { from, extent, pageLines = 1_000 }: { from?: LogFrom; extent?: string; pageLines?: number } = {},
): Promise<WholeLog> {
  const lines: LogLine[] = []
  let gap = false
  for (let at = from; ; ) {
    const page = await store.read(TENANT, attempt, at, pageLines, extent)
    lines.push(...page.lines)
    gap ||= page.gap ?? false
    if (page.end || (page.lines.length === 0 && !page.gap)) return { lines, end: page.end, gap }
    if (page.lines.length === 0 && at && 'seq' in at && at.seq === page.next) return { lines, end: page.end, gap }
    at = { seq: page.next }
  }
}
