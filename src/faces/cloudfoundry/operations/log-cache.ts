/** `/api/v1/read/:source` and `/api/v1/meta`: how the cf CLI reads logs (reference 3.5). */
import { type App, COLLECTIONS, type Space } from '../documents.ts'
import { badQuery, notFound } from '../errors.ts'
import { originsOfSource } from '../logs/log-origin.ts'
import { readEnvelopes } from '../logs/read-envelopes.ts'
import { sourceMeta } from '../logs/source-meta.ts'
import { type Answer, type Call, type Operation, ok } from '../operation.ts'
import type { TaskRecord } from '../task/task-record.ts'

const DEFAULT_LIMIT = 100
const MOST = 1_000
const NS_PER_MS = 1_000_000n

/** An app's or a task's logs, for those who may see it. */
async function read(call: Call): Promise<Answer> {
  const source = call.param('source')
  if (!(await mayRead(call, source))) throw notFound('Source')
  const types = call.query.getAll('envelope_types')
  const wants = types.length === 0 || types.some((type) => type === 'LOG' || type === 'ANY')
  const query = {
    source,
    from: nanoseconds(call, 'start_time', 0n),
    until: nanoseconds(call, 'end_time', BigInt(call.records.now() + 60_000) * NS_PER_MS),
    limit: limitOf(call),
    descending: call.query.get('descending') === 'true',
  }
  const batch = wants ? await readEnvelopes(call, await originsOfSource(call, source, query.from), query) : []
  return ok({ envelopes: { batch } })
}

async function mayRead(call: Call, source: string): Promise<boolean> {
  const task = await call.records.find<TaskRecord>(COLLECTIONS.task, source)
  if (task) return call.access.canReadSpace(task)
  const app = await call.records.find<App>(COLLECTIONS.app, source)
  const space = app && (await call.records.find<Space>(COLLECTIONS.space, app.space))
  return space !== undefined && call.access.canReadSpace({ space: space.guid, org: space.org })
}

function nanoseconds(call: Call, name: string, otherwise: bigint): bigint {
  const text = call.query.get(name)
  if (text === null) return otherwise
  if (!/^-?\d{1,20}$/.test(text)) throw badQuery(`${name} must be a number of nanoseconds`)
  return BigInt(text)
}

function limitOf(call: Call): number {
  const text = call.query.get('limit')
  if (text === null) return DEFAULT_LIMIT
  if (!/^\d{1,9}$/.test(text) || Number(text) > MOST) throw badQuery(`limit must be at most ${MOST}`)
  return Math.max(1, Number(text))
}

async function meta(call: Call): Promise<Answer> {
  const apps = await call.records.all<App>(COLLECTIONS.app)
  const seen: Record<string, object> = {}
  for (const app of apps) if (await mayRead(call, app.guid)) seen[app.guid] = await sourceMeta(call, app.guid)
  return ok({ meta: seen })
}

export const LOG_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/api/v1/read/:source', answer: read },
  { method: 'GET', path: '/api/v1/meta', answer: meta },
]
