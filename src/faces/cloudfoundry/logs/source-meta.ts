/** What `/api/v1/meta` tells of a source: how many envelopes it has, from when to when. */
import { isEngineError } from '../../../core/engine-error.ts'
import { asExecutionId } from '../../../core/identity.ts'
import type { Call } from '../operation.ts'
import { type LogOrigin, originsOfSource } from './log-origin.ts'

const MOST_REMEMBERED = 10_000
const NS_PER_MS = 1_000_000n
const AT_ONCE = 50

/** Lines of what has ended: they do not change until retention takes them all. */
const counted = new Map<string, number>()

export async function sourceMeta(call: Call, source: string): Promise<object> {
  const origins = await originsOfSource(call, source, 0n)
  let count = 0
  for (let i = 0; i < origins.length; i += AT_ONCE) {
    const counts = await Promise.all(origins.slice(i, i + AT_ONCE).map((origin) => envelopesOf(call, origin)))
    count += counts.reduce((sum, one) => sum + one, 0)
  }
  if (count === 0) return { count: '0', expired: '0' }
  const times = origins.flatMap(({ created, ended }) => [created, ended ?? call.records.now()])
  return {
    count: String(count),
    expired: '0',
    oldestTimestamp: String(BigInt(Math.floor(Math.min(...times))) * NS_PER_MS),
    newestTimestamp: String(BigInt(Math.ceil(Math.max(...times))) * NS_PER_MS),
  }
}

async function envelopesOf(call: Call, origin: LogOrigin): Promise<number> {
  const known = counted.get(origin.execution)
  if (known !== undefined) return known
  const count = (await linesOf(call, origin)) + (origin.lastWord === undefined ? 0 : 1)
  if (origin.ended !== undefined) counted.set(origin.execution, count)
  if (counted.size > MOST_REMEMBERED) counted.delete(counted.keys().next().value as string)
  return count
}

/** Lines are numbered: the last one tells how many there are. */
async function linesOf({ engine, caller }: Call, { execution }: LogOrigin): Promise<number> {
  try {
    const page = await engine.log(caller.tenant, { execution: asExecutionId(execution) }, { last: 1 }, 1)
    const last = page.lines.at(-1)
    return last ? last.seq + 1 : 0
  } catch (error) {
    // It has not started yet, or its log has been removed.
    if (!isEngineError(error, 'not_found')) throw error
    return 0
  }
}
