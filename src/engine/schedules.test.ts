import { describe, expect, test } from 'vitest'
import { EngineWorld, PRINCIPAL, planOf, TENANT } from '../../test/support/engine-world.ts'
import { settled } from '../../test/support/fake-time.ts'
import type { Execution } from '../core/execution.ts'
import type { Instant } from '../core/instant.ts'
import type { Change } from '../core/ports/store.ts'
import type { Schedule } from '../core/task.ts'
import { listSchedules } from './list-schedules.ts'
import { type ScheduleService, scheduleService } from './schedules.ts'
import { deactivateTask, registerTask } from './tasks.ts'
import type { ServiceRunner } from './ticked-service.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** A whole hour. */
const START = Date.UTC(2026, 0, 5, 12)

const EVERY_HOUR: Schedule = { cron: '0 * * * *', timezone: 'UTC', overlap: 'allow', catchUp: 'latest' }

class ScheduleWorld extends EngineWorld {
  #service!: ScheduleService
  #runner!: ServiceRunner

  override async boot(): Promise<void> {
    await super.boot()
    this.#service = scheduleService(this.context)
    this.#runner = this.run(this.#service)
    await settled()
  }

  async register(schedule: Partial<Schedule>, ...script: string[]): Promise<void> {
    const spec = { plan: planOf(...script), schedule: { ...EVERY_HOUR, ...schedule } }
    await registerTask(this.context, TENANT, 'tick', spec)
    this.poke()
    await settled()
  }

  async deactivate(): Promise<void> {
    await deactivateTask(this.context, TENANT, 'tick')
    this.poke()
    await settled()
  }

  poke(name = 'tick'): void {
    this.#service.changed(TENANT, name)
    this.#runner.poke()
  }

  /** Oldest first. */
  async runs(): Promise<readonly Execution[]> {
    return (await this.store.executions(TENANT, {}, { limit: 1_000, ascending: true })).items
  }

  /** Hours after the start at which the runs were accepted. */
  async acceptedAt(): Promise<readonly number[]> {
    return (await this.runs()).map((e) => (e.submission.acceptedAt - START) / HOUR)
  }

  /** The instants that ran, from the idempotency keys. */
  async instants(): Promise<readonly number[]> {
    const page = await this.store.documents(TENANT, 'taskport/idempotency', { limit: 1_000 })
    return page.items.map((d) => (Number(d.key.split('/').at(-1)) - START) / HOUR).sort((a, b) => a - b)
  }
}

async function world(at: Instant = START - 30 * MINUTE): Promise<ScheduleWorld> {
  const made = new ScheduleWorld(at)
  await made.boot()
  return made
}

describe('a schedule', () => {
  test('runs a task registered while the engine runs, at its times, and says so', async () => {
    const w = await world()
    await w.register({})
    const before = await listSchedules(w.context, TENANT)
    await w.time.advance(2 * HOUR)
    const after = await listSchedules(w.context, TENANT)
    const runs = await w.runs()

    expect(before).toEqual([{ task: 'tick', revision: 1, schedule: EVERY_HOUR, nextAt: START }])
    expect(runs.map((e) => [e.submission.acceptedAt, e.submission.trigger, e.submission.task, e.status.state])).toEqual(
      [0, 1].map((h) => [
        START + h * HOUR,
        { kind: 'schedule', source: 'tick' },
        { name: 'tick', revision: 1 },
        'succeeded',
      ]),
    )
    expect(after).toEqual([
      { ...before[0], nextAt: START + 2 * HOUR, lastAt: START + HOUR, lastExecution: runs[1]!.id },
    ])
  })

  test('keeps to the wall clock of its time zone over a change of clocks', async () => {
    const w = await world(Date.UTC(2026, 2, 28, 0))
    await w.register({ cron: '30 9 * * *', timezone: 'Europe/Berlin' })
    await w.time.advance(48 * HOUR)

    expect((await w.runs()).map((e) => e.submission.acceptedAt)).toEqual([
      Date.UTC(2026, 2, 28, 8, 30),
      Date.UTC(2026, 2, 29, 7, 30),
    ])
  })

  test('that changes is followed at once, with its newest revision', async () => {
    const w = await world()
    await w.register({})
    await w.time.advance(45 * MINUTE)
    await w.register({ cron: '20 * * * *' }, 'exit:3')
    await w.time.advance(HOUR)

    expect((await w.runs()).map((e) => [e.submission.acceptedAt, e.submission.task?.revision])).toEqual([
      [START, 1],
      [START + 20 * MINUTE, 2],
    ])
  })

  test('runs nothing while paused or inactive, and makes up for nothing of that time afterwards', async () => {
    const w = await world()
    await w.register({ catchUp: 'all' })
    await w.register({ catchUp: 'all', paused: true })
    await w.time.advance(2 * HOUR)
    await w.register({ catchUp: 'all' })
    await w.time.advance(HOUR)
    await w.deactivate()
    await w.time.advance(2 * HOUR)
    await w.register({ catchUp: 'all' })
    await w.time.advance(HOUR)

    expect(await w.instants()).toEqual([2, 5])
  })

  test.each([
    ['none', [0, 5]],
    ['latest', [0, 4, 5]],
    ['all', [0, 1, 2, 3, 4, 5]],
  ] as const)(
    'with catch-up %s makes up accordingly for times missed while the server was down',
    async (catchUp, ran) => {
      const w = await world()
      await w.register({ catchUp })
      await w.time.advance(HOUR)
      await w.kill()
      await w.time.advance(4 * HOUR)
      await w.boot()
      await w.time.advance(HOUR)

      expect(await w.instants()).toEqual(ran)
    },
  )

  test('that skips waits for the earlier run to end', async () => {
    const w = await world()
    await w.register({ overlap: 'skip' }, `run:${1.5 * HOUR}`)
    await w.time.advance(4 * HOUR)

    expect(await w.acceptedAt()).toEqual([0, 2])
  })

  test('that allows overlap runs beside the earlier run', async () => {
    const w = await world()
    await w.register({}, `run:${1.5 * HOUR}`)
    await w.time.advance(3 * HOUR)

    expect(await w.acceptedAt()).toEqual([0, 1, 2])
  })

  test('that replaces stops the earlier run and says by what', async () => {
    const w = await world()
    await w.register({ overlap: 'replace' }, 'hang')
    await w.time.advance(1.6 * HOUR)
    const [first, second] = await w.runs()

    expect([first!.status.stopCause, second!.status.state]).toEqual([
      {
        kind: 'concurrency',
        at: START + HOUR,
        reason: {
          code: 'concurrency_replaced',
          message: 'the next run of its schedule took its place',
          facts: { execution: second!.id },
        },
      },
      'running',
    ])
  })

  test('that replaces keeps only its newest run although the server died before it stopped the other', async () => {
    const w = await world()
    await w.register({ overlap: 'replace' }, 'hang')
    await w.time.advance(HOUR)
    w.fate = (changes) => (changes.some((c) => c.kind === 'execution.update') ? 'drop' : 'apply')
    await w.time.advance(35 * MINUTE)
    const active = (await w.runs()).filter((e) => e.status.desired === 'run').length
    await w.kill()
    w.fate = () => 'apply'
    await w.boot()
    await w.time.advance(MINUTE)

    expect([active, (await w.runs()).map((e) => e.status.desired)]).toEqual([2, ['stop', 'run']])
  })

  test('runs no instant twice when the clock is set back', async () => {
    const w = await world()
    await w.register({ catchUp: 'all' })
    await w.time.advance(2.6 * HOUR)
    w.time.set(START - 10 * MINUTE)
    w.poke()
    await w.time.advance(1.5 * HOUR)
    await w.kill()
    await w.boot()
    await w.time.advance(3 * HOUR)

    expect(await w.acceptedAt()).toEqual([0, 1, 2, 3, 4])
    expect(await w.instants()).toEqual([0, 1, 2, 3, 4])
  })

  test('runs no instant twice when the clock is set back and what ran was removed meanwhile', async () => {
    const w = await world()
    await w.register({ catchUp: 'all' })
    await w.time.advance(2.6 * HOUR)
    for (const { id } of await w.runs()) await w.engine.remove(TENANT, id)
    w.time.set(START - 10 * MINUTE)
    w.poke()
    await w.time.advance(3.5 * HOUR)

    expect(await w.instants()).toEqual([3])
  })

  test('goes on when the clock had been wrong by a year', async () => {
    const w = await world()
    w.time.set(START + 8_760 * HOUR - 30 * MINUTE)
    await w.register({})
    await w.time.advance(HOUR)
    w.time.set(START - 30 * MINUTE)
    w.poke('another')
    await w.time.advance(2 * HOUR)

    expect((await w.acceptedAt()).toSorted((a, b) => a - b)).toEqual([0, 1, 8_760])
  })

  test.each(['drop', 'applyThenFail'] as const)(
    'neither loses nor doubles a run when the server dies at any of its commits (%s)',
    async (fate) => {
      for (let nth = 0; nth < 4; nth++) {
        const w = await world()
        await w.register({ catchUp: 'all' })
        let left = nth
        const touchesSchedule = (changes: readonly Change[]): boolean =>
          changes.some((c) => c.kind === 'document.put' && c.collection === 'taskport/schedule')
        w.fate = (changes) => (touchesSchedule(changes) && left-- === 0 ? fate : 'apply')
        while (left >= 0) await w.time.advance(MINUTE)
        await w.kill()
        await w.boot()
        await w.time.advance(START + 3.5 * HOUR - w.time.now())
        expect(await w.instants()).toEqual([0, 1, 2, 3])
        expect((await w.runs()).length).toBe(4)
      }
    },
  )

  test('that cannot be accepted does not hold up the others', async () => {
    const w = await world()
    const bad = { plan: planOf(), timeoutMs: -1, schedule: EVERY_HOUR }
    await registerTask(w.context, TENANT, 'bad', bad)
    await w.register({})
    w.poke('bad')
    await w.time.advance(2 * HOUR)

    expect((await w.runs()).map((e) => e.submission.task?.name)).toEqual(['tick', 'tick'])
    expect(w.warnings).toEqual(Array(2).fill('a scheduled run was not accepted'))
  })

  test("is listed to its tenant alone, and a user's own run of the task is not taken for one of its runs", async () => {
    const w = await world()
    await w.register({ overlap: 'skip' }, 'hang')
    await w.engine.submit(PRINCIPAL, [{ task: { name: 'tick' }, face: 'native' }])
    await w.time.advance(HOUR)

    expect((await w.runs()).map((e) => e.submission.trigger.kind)).toEqual(['api', 'schedule'])
    expect(await listSchedules(w.context, 'other' as typeof TENANT)).toEqual([])
  })

  test('starts executions with the refs and in the voice that its task names, and so does an await step', async () => {
    const w = await world()
    const of = { face: 'other', refs: { app: 'x', by: 'task' } }
    await registerTask(w.context, TENANT, 'tick', { plan: planOf(), schedule: EVERY_HOUR, ...of })
    w.poke()
    await settled()
    await w.time.advance(HOUR)
    const work = {
      kind: 'await',
      key: 'shared',
      until: 'succeeded',
      task: { name: 'tick' },
      with: { refs: { by: 'await' } },
    } as const
    const steps = planOf().steps.map((step) => ({ ...step, work }))
    await w.engine.submit(PRINCIPAL, [{ plan: { steps }, face: 'native' }])
    await w.time.advance(1_000)
    const seen = (await w.runs()).map(({ submission: { trigger, face, refs } }) => [trigger.kind, face, refs])
    expect(seen).toEqual([
      ['schedule', 'other', of.refs],
      ['api', 'native', {}],
      ['dependency', 'other', { app: 'x', by: 'await' }],
    ])
  })
})
