/**
 * The retention service: removes what was kept long enough. Each minute: final executions whose time is up, with their
 * logs and idempotency keys; old events; nodes that are gone; then the log store's own round.
 *
 * N1. A round is bounded: with more to do than it may, the next one follows soon, so that nothing else waits long.
 * N2. What cannot be removed now is logged and tried again in the next round; it does not hold up the others.
 */
import type { Execution } from '../core/execution.ts'
import type { Instant } from '../core/instant.ts'
import type { Context } from './context.ts'
import { removeFinal } from './remove.ts'
import type { TickedService } from './ticked-service.ts'

const ROUND_MS = 60_000
/** Between rounds while there is more to do, ms. */
const SOON_MS = 1_000
const MOST_REMOVED = 1_000
/** Removals that share a commit's fsync. */
const AT_ONCE = 50
/** Events that stay whatever their age, so that a watcher of a quiet engine finds its cursor again. */
const KEPT_EVENTS = 1_000
/** How long a node that is gone can still be asked for, ms. */
const GONE_NODE_MS = 24 * 3_600_000

export const retentionService = (context: Context): TickedService => ({
  name: 'retention',
  async tick(now) {
    const removed = await removeExpired(context, now)
    const parts = [
      removed.count,
      await pruneEvents(context, now),
      await forgetNodes(context, now),
      await sweepLogs(context, now),
    ]
    return { did: parts.reduce((a, b) => a + b), nextAt: now + (removed.more ? SOON_MS : ROUND_MS) }
  },
})

async function removeExpired(
  context: Context,
  now: Instant,
): Promise<{ readonly count: number; readonly more: boolean }> {
  let count = 0
  while (count < MOST_REMOVED) {
    const expired = await context.store.system.expiredExecutions(now, AT_ONCE)
    const removed = await Promise.all(expired.map((e) => removeOne(context, e)))
    const done = removed.filter(Boolean).length
    count += done
    // Those that failed come first again: going on would meet only them.
    if (expired.length < AT_ONCE || done === 0) return { count, more: false }
  }
  return { count, more: true }
}

async function removeOne(context: Context, execution: Execution): Promise<boolean> {
  return attempted(context, `execution ${execution.id}`, async () => {
    await removeFinal(context, execution)
    return true
  })
}

const pruneEvents = async (context: Context, now: Instant): Promise<number> =>
  Number(
    await attempted(context, 'events', () =>
      context.store.system.pruneEvents(now - context.defaults.eventRetentionMs, KEPT_EVENTS),
    ),
  )

async function forgetNodes(context: Context, now: Instant): Promise<number> {
  const old = [...context.nodes.all()].filter(
    ({ id, goneAt }) =>
      goneAt !== undefined && goneAt <= now - GONE_NODE_MS && context.ledger.executionsOn(id).size === 0,
  )
  const forgotten = await Promise.all(
    old.map(({ id, name }) => attempted(context, `node ${name}`, () => context.nodes.forget(id).then(() => true))),
  )
  return forgotten.filter(Boolean).length
}

const sweepLogs = async (context: Context, now: Instant): Promise<number> =>
  Number(await attempted(context, 'logs', async () => (await context.logs.sweep(now * 1_000)).segments))

async function attempted<Result>(context: Context, what: string, work: () => Promise<Result>): Promise<Result | false> {
  try {
    return await work()
  } catch (error) {
    context.logger.warn({ what, error: String(error) }, 'what was kept long enough could not be removed')
    return false
  }
}
