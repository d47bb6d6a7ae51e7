import { describe, expect, test } from 'vitest'
import { EngineWorld, PRINCIPAL, planOf, TENANT } from '../../test/support/engine-world.ts'
import { settled } from '../../test/support/fake-time.ts'
import type { ExecutionId } from '../core/identity.ts'
import { attemptIdOf } from '../core/identity.ts'
import { retentionService } from './retention.ts'
import type { SubmissionRequest } from './submission-request.ts'

const MINUTE = 60_000

async function world(): Promise<EngineWorld> {
  const made = new EngineWorld(undefined, { retentionMs: 10 * MINUTE, eventRetentionMs: 20 * MINUTE })
  await made.boot()
  return made
}

async function submitted(w: EngineWorld, given: Partial<SubmissionRequest> = {}, key?: string): Promise<ExecutionId> {
  const options = key === undefined ? {} : { idempotency: { key, fingerprint: '' } }
  const request = { plan: planOf('print:hello'), face: 'native', ...given }
  const [result] = await w.engine.submit(PRINCIPAL, [request], options)
  await settled()
  if (result?.kind !== 'accepted') throw new Error('not accepted')
  return result.execution.id
}

const stored = async (w: EngineWorld): Promise<readonly ExecutionId[]> =>
  (await w.store.executions(TENANT, {}, { limit: 10_000, ascending: true })).items.map((e) => e.id)

describe('retention', () => {
  test('removes each final execution after its own time, with its log and idempotency key, and leaves active ones', async () => {
    const w = await world()
    const usual = await submitted(w, {}, 'key')
    await w.context.logs.note(TENANT, attemptIdOf(usual, 0, 1), 'noted')
    const longer = await submitted(w, { retentionMs: 30 * MINUTE })
    const active = await submitted(w, { plan: planOf('hang') })
    await w.time.advance(1_000)
    w.run(retentionService(w.context))
    await w.time.advance(9 * MINUTE)
    const early = await stored(w)
    await w.time.advance(2 * MINUTE)

    expect(early).toEqual([usual, longer, active])
    expect(await stored(w)).toEqual([longer, active])
    expect((await w.store.documents(TENANT, 'taskport/idempotency', { limit: 10 })).items).toEqual([])
    expect((await w.context.logs.read(TENANT, attemptIdOf(usual, 0, 1), undefined, 10)).lines).toEqual([])
    const told = await w.store.events(TENANT, undefined, { execution: usual, kinds: ['execution.removed'] }, 10)
    expect(told.events.length).toBe(1)
    await w.time.advance(20 * MINUTE)
    expect(await stored(w)).toEqual([active])
  })

  test('forgets old events but keeps the newest thousand', async () => {
    const w = await world()
    const cursor = w.store.cursor()
    for (let i = 0; i < 300; i++) await submitted(w)
    await w.time.advance(1_000)
    const all = (await w.store.system.events(undefined, 10_000)).events
    w.run(retentionService(w.context))
    await w.time.advance(9 * MINUTE)
    await expect(w.store.system.events(cursor, 1)).resolves.toBeDefined()
    await w.time.advance(20 * MINUTE)
    const kept = (await w.store.system.events(undefined, 10_000)).events

    expect(all.length).toBeGreaterThan(1_000)
    await expect(w.store.system.events(cursor, 1)).rejects.toMatchObject({ code: 'not_found' })
    expect(kept.length).toBe(1_000)
    expect(kept.at(-1)?.transition.kind).toBe('execution.removed')
  })

  test('forgets a node that is gone a day later, unless something is on it still', async () => {
    const w = await world()
    const register = () => w.engine.registerNode(TENANT, { name: 'mine', capacity: {}, attributes: {} })
    const [gone, kept] = [await register(), await register()]
    await w.engine.deregisterNode(TENANT, gone.id, { force: false })
    w.run(retentionService(w.context))
    await w.time.advance(23 * 60 * MINUTE)
    expect((await w.engine.node(TENANT, gone.id)).node.state).toBe('gone')
    await w.time.advance(61 * MINUTE)
    await expect(w.engine.node(TENANT, gone.id)).rejects.toMatchObject({ code: 'not_found' })
    expect((await w.engine.node(TENANT, kept.id)).node.state).toBe('active')
    await w.kill()
    await w.boot()
    await expect(w.engine.node(TENANT, gone.id)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('does a bounded part in a round and the rest soon after', async () => {
    const w = await world()
    for (let i = 0; i < 1_500; i++) await submitted(w)
    await w.time.advance(1_000)
    await w.time.advance(11 * MINUTE)
    const service = retentionService(w.context)
    const first = await service.tick(w.time.now())
    const second = await service.tick(w.time.now())

    expect([first.nextAt! - w.time.now(), second.nextAt! - w.time.now()]).toEqual([1_000, MINUTE])
    expect(first.did).toBeGreaterThanOrEqual(1_000)
    expect(await stored(w)).toEqual([])
  })

  test('goes on around what cannot be removed, and tries that again later', async () => {
    const w = await world()
    const stuck = await submitted(w)
    for (let i = 0; i < 120; i++) await submitted(w)
    await w.time.advance(1_000)
    w.fate = (changes) => (changes.some((c) => c.kind === 'execution.delete' && c.id === stuck) ? 'drop' : 'apply')
    w.run(retentionService(w.context))
    await w.time.advance(12 * MINUTE)
    const meanwhile = await stored(w)
    w.fate = () => 'apply'
    await w.time.advance(2 * MINUTE)

    expect([meanwhile, await stored(w)]).toEqual([[stuck], []])
  })
})
