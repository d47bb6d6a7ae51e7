import { isFinal } from '../../../core/execution.ts'
import { needView } from '../access.ts'
import { activityLog } from '../activity/activity-log.ts'
import { wordsOf } from '../activity/activity-type.ts'
import { findActivity } from '../activity/find-activity.ts'
import { findInstant } from '../activity/instant-activity.ts'
import type { Call } from '../call.ts'
import { badRequest } from '../errors.ts'
import { timestamp } from '../wire/timestamp.ts'
import { needInstant } from './activities.ts'
import type { Params } from './operation.ts'

interface Wish {
  readonly startAt: number
  /** 0: all. */
  readonly maxItems: number
  /** Seconds; -1: until the end. */
  readonly maxDelay: number
}

/** Numbered items; the last is the seal once nothing can follow (reference §3.4). They end when their signal aborts. */
export async function getActivityLog(
  call: Call,
  params: Params,
): Promise<(gone: AbortSignal) => AsyncIterable<object>> {
  const wish = wishOf(call.query)
  const instant = await findInstant(call, params)
  if (instant) {
    needInstant(call, instant)
    const { text } = wordsOf(instant, { id: instant.user, name: instant.userName })
    const item = { timestamp: timestamp(instant.at), message: `${text.replaceAll('**', '')}\n` }
    return (gone) => numbered(single(item), wish, true, gone)
  }
  const found = await findActivity(call, params)
  needView(call, found.record.project, found.record.environment)
  const follow = wish.maxDelay !== 0 || isFinal(found.execution)
  return (gone) => {
    const signal =
      wish.maxDelay > 0 && follow ? AbortSignal.any([gone, AbortSignal.timeout(wish.maxDelay * 1_000)]) : gone
    return numbered(activityLog(call, found, follow, signal), wish, follow, signal)
  }
}

async function* single<Item>(item: Item): AsyncGenerator<Item> {
  yield item
}

async function* numbered(
  items: AsyncIterable<object>,
  wish: Wish,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<object> {
  let id = 0
  let told = 0
  for await (const data of items) {
    if (id >= wish.startAt) {
      yield { _id: id, data }
      told++
    }
    id++
    if (wish.maxItems > 0 && told >= wish.maxItems) return
  }
  if (follow && !signal.aborted) yield { _id: id, seal: true }
}

const KEYS = ['start_at', 'max_items', 'max_delay']

function wishOf(query: URLSearchParams): Wish {
  for (const key of query.keys()) if (!KEYS.includes(key)) throw badRequest(`unknown parameter: ${key}`)
  const number = (name: string, fallback: number): number => {
    const text = query.get(name)
    if (text === null || text === '') return fallback
    if (!/^-?\d{1,9}$/.test(text)) throw badRequest(`${name} is no number`)
    return Number(text)
  }
  return { startAt: number('start_at', 0), maxItems: number('max_items', 0), maxDelay: number('max_delay', -1) }
}
