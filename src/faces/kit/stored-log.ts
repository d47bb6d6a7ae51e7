import type { Tenant } from '../../core/identity.ts'
import type { LogFrom, LogLine } from '../../core/ports/log-store.ts'
import type { Engine, LogSelector } from '../../engine/engine.ts'

const PAGE = 1_000

/**
 * What is stored of an attempt's log from a place on, page by page. Pages may be short: they end at a megabyte and before a
 * gap. Only an empty one is the end.
 */
export async function* storedLog(
  engine: Pick<Engine, 'log'>,
  tenant: Tenant,
  which: LogSelector,
  from?: LogFrom,
): AsyncGenerator<readonly LogLine[]> {
  for (let place = from; ; ) {
    const { lines, next } = await engine.log(tenant, which, place, PAGE)
    if (lines.length === 0) return
    yield lines
    place = { seq: next }
  }
}
