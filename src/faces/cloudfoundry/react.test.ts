/** Task records, sequence numbers and usage events, on an engine with virtual time that dies and comes back. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineWorld, PRINCIPAL, planOf, TENANT } from '../../../test/support/engine-world.ts'
import { settled } from '../../../test/support/fake-time.ts'
import type { ExecutionId } from '../../core/identity.ts'
import { retentionService } from '../../engine/retention.ts'
import type { SubmissionRequest } from '../../engine/submission-request.ts'
import { COLLECTIONS } from './documents.ts'
import { DEFAULT_OPTIONS } from './options.ts'
import { REACTOR } from './react.ts'
import { eventGuid } from './task/event-guid.ts'
import { failureOf } from './task/life-cycle.ts'
import { pruneEvents } from './task/prune-events.ts'
import { type TaskRecord, type TaskWish, WISH_LABEL } from './task/task-record.ts'
import type { UsageEvent } from './task/usage-event.ts'

const DAY_MS = 86_400_000

async function openWorld(): Promise<EngineWorld> {
  const world = new EngineWorld(undefined, {}, [REACTOR])
  await world.boot()
  return world
}

const wish: TaskWish = {
  app: 'app',
  space: 'space',
  org: 'org',
  appName: 'demo',
  spaceName: 'dev',
  name: 'work',
  command: 'true',
  user: null,
  memory: 64,
  disk: 64,
  logRate: -1,
  droplet: 'droplet',
  metadata: { labels: {}, annotations: {} },
}

async function submit(
  world: EngineWorld,
  script: readonly string[],
  more: Partial<SubmissionRequest> = {},
  memoryBytes?: number,
): Promise<ExecutionId> {
  const [step] = planOf(...script).steps
  const labels = { [WISH_LABEL]: JSON.stringify(wish) }
  const resources = memoryBytes === undefined ? {} : { memoryBytes }
  const plan = { steps: [{ ...step!, labels, resources }] }
  const retentionMs = DEFAULT_OPTIONS.retentionMs
  const [result] = await world.engine.submit(PRINCIPAL, [{ plan, face: 'cloudfoundry', retentionMs, ...more }])
  await settled()
  if (result?.kind !== 'accepted') throw new Error('not accepted')
  return result.execution.id
}

const bodies = async <Body>(world: EngineWorld, collection: string): Promise<readonly Body[]> =>
  (await world.store.documents<Body>(TENANT, collection, { limit: 1_000 })).items.map(({ body }) => body)

const taskOf = async (world: EngineWorld, id: ExecutionId): Promise<TaskRecord | undefined> =>
  (await world.store.document<TaskRecord>(TENANT, COLLECTIONS.task, id))?.body

describe('what becomes of a task is told as Cloud Foundry tells it', () => {
  test.each<readonly [string, readonly string[], string, string | null]>([
    ['ends well', ['run:10'], 'SUCCEEDED', null],
    ['exits with 3', ['run:10', 'exit:3'], 'FAILED', 'APP/TASK/work: Exited with status 3'],
    ['dies of a signal', ['run:10', 'signal:SIGKILL'], 'FAILED', 'APP/TASK/work: Exited with status 137'],
    ['takes too much memory', ['oom'], 'FAILED', 'APP/TASK/work: Exited with status 137 (out of memory)'],
    ['cannot be started', ['refuse:work_refused'], 'FAILED', 'failed to run container: '],
  ])('that %s', async (_what, script, state, failure) => {
    const world = await openWorld()
    const id = await submit(world, script)
    await world.time.advance(1_000)
    const task = await taskOf(world, id)
    expect(task?.state).toBe(state)
    if (failure === null) expect(task?.failure).toBeNull()
    else expect(task?.failure).toContain(failure)
  })
})

test('a time limit is told with its length, whoever was first to see it: the engine or the cell', async () => {
  const world = await openWorld()
  const id = await submit(world, ['run:60000'], { timeoutMs: 1_000 })
  await world.time.advance(60_000)
  const { failure } = (await taskOf(world, id))!
  const { status, ...rest } = await world.engine.execution(TENANT, id)
  const [step] = status.steps
  const [attempt] = step!.attempts
  const steps = [{ ...step!, attempts: [{ ...attempt!, exit: { outcome: 'timedOut' } as const }] }]
  const { stopCause: _engine, ...byCell } = status
  expect(failure).toBe('exceeded 1s timeout')
  expect(failureOf({ ...rest, status: { ...byCell, steps } }, 'work')).toBe(failure)
})

describe('PENDING', () => {
  const limited = (world: EngineWorld): Partial<SubmissionRequest> => ({
    expiresAt: world.time.now() + DEFAULT_OPTIONS.pendingLimitMs,
    expiryIgnoresCapacity: true,
  })

  test('what no machine would ever take expires after 300 s', async () => {
    const world = await openWorld()
    const id = await submit(world, ['run:10'], limited(world), 1_000_000)
    await world.time.advance(299_000)
    expect((await taskOf(world, id))?.state).toBe('PENDING')
    await world.time.advance(2_000)
    expect(await taskOf(world, id)).toMatchObject({ state: 'FAILED', failure: 'Task expired in PENDING state' })
    expect(await bodies(world, COLLECTIONS.usageEvent)).toEqual([])
  })

  test('waiting for room does not count, and the task runs when there is room', async () => {
    const world = await openWorld()
    const first = await submit(world, ['run:900000'], {}, 4_000)
    const second = await submit(world, ['run:10'], limited(world), 4_000)
    await world.time.advance(800_000)
    expect((await taskOf(world, first))?.state).toBe('RUNNING')
    expect((await taskOf(world, second))?.state).toBe('PENDING')
    await world.time.advance(200_000)
    expect((await taskOf(world, second))?.state).toBe('SUCCEEDED')
  })
})

test('a task goes 31 days after its end, and what was told of it 31 days after it was told, not before', async () => {
  const world = await openWorld()
  const id = await submit(world, ['run:10'])
  const created = world.engine.now()
  const audit = { kind: 'document.put', tenant: TENANT, collection: COLLECTIONS.auditEvent, body: { created } } as const
  await world.engine.saveDocuments([{ ...audit, key: eventGuid(id, 'audit.app.task.create') }])
  await world.time.advance(1_000)
  world.run(retentionService(world.context))
  const prune = () => pruneEvents(world.engine, TENANT, world.engine.now() - DEFAULT_OPTIONS.retentionMs)
  await world.time.advance(31 * DAY_MS - 120_000)
  expect(await prune()).toBe(0)
  expect((await taskOf(world, id))?.state).toBe('SUCCEEDED')
  await world.time.advance(300_000)
  expect(await taskOf(world, id)).toBeUndefined()
  expect(await bodies(world, COLLECTIONS.endedTask)).toEqual([])
  expect((await bodies(world, COLLECTIONS.usageEvent)).length).toBe(2)
  expect(await prune()).toBe(3)
  for (const collection of [COLLECTIONS.usageEvent, COLLECTIONS.auditEvent])
    expect(await bodies(world, collection)).toEqual([])
})

test('events of an app that is gone are pruned too, oldest first, however many they are', async () => {
  const world = await openWorld()
  for (let i = 0; i < 300; i++) await submit(world, ['exit:0'])
  await world.time.advance(1_000)
  const former = await bodies<TaskRecord>(world, COLLECTIONS.task)
  for (const { guid } of former) await world.engine.remove(TENANT, guid as ExecutionId)
  await world.time.advance(DAY_MS)
  await submit(world, ['exit:0'])
  await world.time.advance(1_000)
  expect(await pruneEvents(world.engine, TENANT, world.engine.now() - DAY_MS / 2)).toBe(600)
  expect((await bodies<UsageEvent>(world, COLLECTIONS.usageEvent)).map(({ number }) => number)).toEqual([601, 602])
})

test('sequence numbers have no gaps and usage is told exactly once, whenever the server dies', async () => {
  const life = fc.array(fc.record({ runMs: fc.nat(400), code: fc.nat(2), kill: fc.boolean(), stop: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(life, async (steps) => {
      const world = await openWorld()
      const ids: ExecutionId[] = []
      for (const { runMs, code, kill, stop } of steps) {
        ids.push(await submit(world, [`run:${runMs}`, `exit:${code}`]))
        if (stop) await world.engine.stop(TENANT, ids[ids.length >> 1]!)
        if (kill) {
          await world.kill()
          await world.boot()
        }
        await world.time.advance(50)
      }
      await world.time.advance(60_000)
      const tasks = await bodies<TaskRecord>(world, COLLECTIONS.task)
      expect(tasks.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(ids.map((_, i) => i + 1))
      expect(tasks.every(({ state }) => state === 'SUCCEEDED' || state === 'FAILED')).toBe(true)
      const usage = await bodies<UsageEvent>(world, COLLECTIONS.usageEvent)
      for (const task of tasks) {
        const told = usage.filter((event) => event.task.guid === task.guid).map((event) => event.state.current)
        expect(told.sort()).toEqual(task.ran === undefined ? [] : ['TASK_STARTED', 'TASK_STOPPED'])
      }
    }),
    { numRuns: 40 },
  )
}, 60_000)
