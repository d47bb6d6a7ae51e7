import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { asTenant } from '../../../core/identity.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Call } from '../call.ts'
import { EventHub } from '../events/event-hub.ts'
import { ResourceOperation, ResourceType, WatchEventsRequestSchema } from '../gen/gitpod/v1/event_pb.js'
import { watchEvents } from './watch-events.ts'

const TENANT = asTenant('t')
const ENVIRONMENT = '00000000-0000-4000-8000-000000000000'

/** An engine in which nothing happens, until its events can no longer be read. */
function silentEngine() {
  const broken = Promise.withResolvers<never>()
  async function* watch() {
    yield { events: [], cursor: '' }
    await broken.promise
  }
  return { engine: { cursor: () => '', watch } as unknown as Engine, break: () => broken.reject(new Error('broken')) }
}

function watching(engine: Engine) {
  const hub = new EventHub(engine, { error: () => undefined })
  const principal = { id: 'u', kind: 'user', tenant: TENANT, face: 'ona', grants: ['*'] }
  const call = { hub, engine, tenant: TENANT, caller: { principal }, options: { heartbeatMs: 20 } } as unknown as Call
  const request = create(WatchEventsRequestSchema, { scope: { case: 'organization', value: true } })
  return { hub, events: watchEvents(call, request, new AbortController().signal)[Symbol.asyncIterator]() }
}

test('a stream begins with an empty message and sends another whenever nothing else was sent for a while', async () => {
  const { hub, events } = watching(silentEngine().engine)
  for (let i = 0; i < 3; i++) expect((await events.next()).value).toEqual({})
  const news = { operation: ResourceOperation.UPDATE, resourceType: ResourceType.ENVIRONMENT, resourceId: ENVIRONMENT }
  hub.tell(TENANT, ENVIRONMENT, news.operation, news.resourceType, news.resourceId)
  expect((await events.next()).value).toEqual(news)
  await events.return?.()
})

test('a stream ends when events can no longer be read, and the next one begins anew', async () => {
  const { engine, break: fail } = silentEngine()
  const { events } = watching(engine)
  await events.next()
  fail()
  let next = await events.next()
  while (!next.done) next = await events.next()
  expect(next.done).toBe(true)
})
