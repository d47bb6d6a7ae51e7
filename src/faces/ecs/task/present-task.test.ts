import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advance, newStatus } from '../../../core/advance.ts'
import { currentAttempt, type Execution, isFinal } from '../../../core/execution.ts'
import type { ExecutionEvent } from '../../../core/execution-event.ts'
import { asExecutionId, asNodeId, asTenant, attemptIdOf } from '../../../core/identity.ts'
import { reservationOfPlan } from '../../../core/plan.ts'
import { reason } from '../../../core/reason.ts'
import { DEFAULT_OPTIONS } from '../options.ts'
import type { ContainerDefinitionInput } from '../task-definition/container-definition-shape.ts'
import { definitionOf } from '../task-definition/register.ts'
import { planOfTask } from './plan-of-task.ts'
import { presentTask, type WireTask } from './present-task.ts'
import type { TaskRecord } from './task-record.ts'

const HOME = { account: '123456789012', region: 'us-east-1' }
const TASK_ID = '01a2007161707708981c2a990d130119'
const T0 = 1_448_236_800_000

type Container = Partial<ContainerDefinitionInput>

function executionOf(containers: readonly Container[], more: Partial<TaskRecord> = {}): Execution {
  const defaults = { image: 'busybox', memory: 10, command: ['true'] }
  const input = {
    family: 'sleep360',
    containerDefinitions: containers.map((c) => ({ ...defaults, ...c })),
    ...(more.networkMode !== undefined && { networkMode: more.networkMode as 'awsvpc' }),
  }
  const definition = { ...definitionOf(input, DEFAULT_OPTIONS, 'me', T0), revision: 1 }
  const record: TaskRecord = {
    cluster: 'default',
    family: 'sleep360',
    revision: 1,
    group: 'family:sleep360',
    launchType: 'EC2',
    enableExecuteCommand: false,
    overrides: {},
    cpu: '10',
    memory: '10',
    tags: [],
    cpuArchitecture: 'x86_64',
    ...more,
  }
  const plan = planOfTask({
    taskId: TASK_ID,
    definition,
    record,
    environments: new Map(),
    asPrograms: true,
    imageRoots: {},
  })
  const tenant = asTenant('aws:123456789012:us-east-1')
  return {
    id: asExecutionId('01a20071-6170-7708-981c-2a990d130119'),
    tenant,
    version: 1,
    status: newStatus(plan.steps.length),
    submission: {
      plan,
      trigger: { kind: 'api' },
      principal: { id: 'me', kind: 'user', tenant, face: 'ecs', grants: [] },
      acceptedAt: T0,
      priority: 0,
      ifNoRoom: 'refuse',
      reservation: reservationOfPlan(plan),
      labels: {},
      refs: {},
      face: 'ecs',
    },
  }
}

class Story {
  execution: Execution
  now = T0

  constructor(containers: readonly Container[], more: Partial<TaskRecord> = {}) {
    this.execution = executionOf(containers, more)
  }

  /** One event, ten milliseconds later. Refusals change nothing. */
  tell(event: ExecutionEvent): this {
    this.now += 10
    const result = advance(this.execution, event, this.now)
    if (result.kind === 'advanced') this.execution = result.execution
    return this
  }

  place(): this {
    const executors = this.execution.submission.plan.steps.map(() => 'process')
    return this.tell({
      kind: 'placed',
      node: asNodeId('one'),
      reserved: { cpuUnits: 0, memoryBytes: 0 },
      ports: [],
      executors,
    })
  }

  start(ordinal: number): this {
    return this.#attempt(ordinal, (attempt) => ({ kind: 'attemptStarted', attempt, at: this.now + 10 }))
  }

  exit(ordinal: number, exit: object): this {
    return this.#attempt(ordinal, (attempt) => ({
      kind: 'attemptExited',
      attempt,
      at: this.now + 10,
      exit: exit as never,
    }))
  }

  stop(message: string): this {
    return this.tell({ kind: 'stopRequested', cause: { kind: 'user', reason: reason('stopped_by_user', message) } })
  }

  close(): this {
    return this.tell({ kind: 'allocationClosed', epoch: this.execution.status.epoch })
  }

  #attempt(ordinal: number, event: (id: ReturnType<typeof attemptIdOf>) => ExecutionEvent): this {
    const step = this.execution.status.steps[ordinal]
    const attempt = step && currentAttempt(step)
    return attempt ? this.tell(event(attemptIdOf(this.execution.id, ordinal, attempt.number))) : this
  }

  get task(): WireTask {
    return presentTask(HOME, this.execution)
  }

  get status(): string {
    return `${this.task.desiredStatus} ${this.task.lastStatus}`
  }
}

const exited = (code: number): object => ({ outcome: 'exited', code })

test('one container from PENDING to STOPPED', () => {
  const story = new Story([{ name: 'main' }])
  const seen = [story.status]
  for (const step of [() => story.place(), () => story.start(0), () => story.exit(0, exited(3)), () => story.close()]) {
    step()
    seen.push(story.status)
  }
  expect(seen).toEqual(['RUNNING PENDING', 'RUNNING PENDING', 'RUNNING RUNNING', 'STOPPED STOPPING', 'STOPPED STOPPED'])
  expect(story.task).toMatchObject({
    createdAt: 1448236800,
    startedAt: 1448236800.02,
    executionStoppedAt: 1448236800.03,
    stoppedAt: 1448236800.04,
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    containers: [{ lastStatus: 'STOPPED', exitCode: 3 }],
  })
})

describe('how each end is told', () => {
  const ran = (containers: readonly Container[] = [{ name: 'main' }]): Story => {
    const story = new Story(containers).place()
    containers.forEach((_, i) => {
      story.start(i)
    })
    return story
  }
  const refused = (code: Parameters<typeof reason>[0], message: string): Story =>
    new Story([{ name: 'main' }])
      .place()
      .exit(0, { outcome: 'refused', reason: reason(code, message) })
      .close()

  test.each([
    [
      'a stop by a user',
      () => ran().stop('enough').exit(0, { outcome: 'signaled', signal: 'SIGTERM' }).close(),
      'UserInitiated',
      'enough',
      143,
    ],
    [
      'a stop that had to kill',
      () => ran().stop('x').exit(0, { outcome: 'signaled', signal: 'SIGKILL', killedAfterGrace: true }).close(),
      'UserInitiated',
      'x',
      137,
    ],
    ['its own code after SIGTERM', () => ran().stop('x').exit(0, exited(0)).close(), 'UserInitiated', 'x', 0],
    [
      'out of memory',
      () => ran().exit(0, { outcome: 'outOfMemory', signal: 'SIGKILL' }).close(),
      'EssentialContainerExited',
      'Essential container in task exited',
      137,
    ],
    [
      'a missing image',
      () => refused('image_pull_failed', 'no such image'),
      'TaskFailedToStart',
      'CannotPullContainerError: no such image',
      undefined,
    ],
    [
      'a missing program',
      () => refused('program_missing', 'no /x'),
      'TaskFailedToStart',
      'Task failed to start',
      undefined,
    ],
    [
      'a missing secret',
      () => refused('secret_missing', 'no secret k'),
      'TaskFailedToStart',
      'ResourceInitializationError: unable to pull secrets or registry auth: no secret k',
      undefined,
    ],
    [
      'a lost machine',
      () => ran().exit(0, { outcome: 'lost' }).close(),
      'TerminationNotice',
      'Host EC2 (instance one) terminated.',
      undefined,
    ],
  ] as const)('%s', (_what, tell, stopCode, stoppedReason, exitCode) => {
    const { task } = tell()
    expect(task).toMatchObject({ lastStatus: 'STOPPED', stopCode, stoppedReason })
    expect(task.containers[0]!.exitCode).toBe(exitCode)
    expect('startedAt' in task).toBe(exitCode !== undefined || stopCode === 'TerminationNotice')
  })

  test('the time limit is told alike, whether the engine or the executor was first', () => {
    const limit = reason('execution_timeout', 'it ran longer than its limit of 1000 ms')
    const killed = { outcome: 'timedOut', signal: 'SIGKILL', reason: limit }
    const byEngine = ran().tell({ kind: 'stopRequested', cause: { kind: 'timeout', reason: limit } })
    const wanted = {
      stopCode: 'UserInitiated',
      stoppedReason: 'Task stopped by its time limit: it ran longer than its limit of 1000 ms',
    }
    expect(byEngine.exit(0, killed).close().task).toMatchObject(wanted)
    expect(ran().exit(0, killed).close().task).toMatchObject(wanted)
    const two = ran([{ name: 'main' }, { name: 'side', essential: false }])
    expect(two.exit(0, killed).exit(1, exited(0)).close().task).toMatchObject(wanted)
  })

  test('out of memory has its name in the reason, and harmless ends have no word that Airflow takes for a failure', () => {
    expect(ran().exit(0, { outcome: 'outOfMemory' }).close().task.containers[0]!.reason).toBe(
      'OutOfMemoryError: Container killed due to memory usage',
    )
    for (const end of [exited(0), exited(1)])
      expect(ran().exit(0, end).close().task.containers[0]!.reason ?? '').not.toMatch(/error/i)
  })

  test('a reason is never longer than 255 characters', () => {
    const { task } = refused('program_missing', 'x'.repeat(1000))
    expect(task.containers[0]!.reason).toHaveLength(255)
  })
})

test('a restart policy starts a container again after its period, at once and as RUNNING, until its code is one to be ignored', () => {
  const restartPolicy = { enabled: true, restartAttemptPeriod: 60, ignoredExitCodes: [7] }
  const story = new Story([{ name: 'main', restartPolicy }]).place().start(0)
  const attempts = (): number => story.execution.status.steps[0]!.attempts.length
  const endAfter = (seconds: number, code: number): string => {
    story.now += seconds * 1000
    story.exit(0, exited(code)).tell({ kind: 'due', at: story.now + 10 })
    return story.task.lastStatus
  }
  expect([endAfter(61, 0), attempts()]).toEqual(['RUNNING', 2])
  story.start(0)
  expect([endAfter(61, 1), attempts()]).toEqual(['RUNNING', 3])
  story.start(0)
  endAfter(61, 7)
  expect([story.close().task.lastStatus, attempts()]).toEqual(['STOPPED', 3])
  const brief = new Story([{ name: 'main', restartPolicy }]).place().start(0).exit(0, exited(1))
  expect(brief.close().task.containers[0]).toMatchObject({ lastStatus: 'STOPPED', exitCode: 1 })
})

test('a Fargate task is PROVISIONING until something runs, and DEPROVISIONING before it has stopped', () => {
  const story = new Story([{ name: 'main' }, { name: 'side', essential: false }], {
    launchType: 'FARGATE',
    networkMode: 'awsvpc',
    subnet: 'subnet-1',
  })
  const seen = [story.status]
  for (const step of [
    () => story.place(),
    () => story.start(0),
    () => story.start(1),
    () => story.stop('x'),
    () => story.exit(0, exited(0)),
    () => story.exit(1, exited(0)),
    () => story.close(),
  ]) {
    step()
    seen.push(story.status)
  }
  expect(seen).toEqual([
    'RUNNING PROVISIONING',
    'RUNNING PROVISIONING',
    'RUNNING PENDING',
    'RUNNING RUNNING',
    'STOPPED STOPPING',
    'STOPPED STOPPING',
    'STOPPED DEPROVISIONING',
    'STOPPED STOPPED',
  ])
})

describe('whatever happens, in whatever order', () => {
  const happening = fc.oneof(
    fc.constant('place' as const),
    fc.constant('stop' as const),
    fc.constant('close' as const),
    fc.record({ start: fc.nat(2) }),
    fc.record({ exit: fc.nat(2), code: fc.constantFrom(0, 1, 137) }),
    fc.record({ refuse: fc.nat(2) }),
  )
  const containers: readonly Container[] = [
    { name: 'setup', essential: false },
    { name: 'side', essential: false, dependsOn: [{ containerName: 'setup', condition: 'START' }] },
    { name: 'main', dependsOn: [{ containerName: 'setup', condition: 'COMPLETE' }] },
  ]
  const ORDER = ['PROVISIONING', 'PENDING', 'RUNNING', 'STOPPING', 'DEPROVISIONING', 'STOPPED']

  test('statuses only go forward, times keep their order, and nothing is told that did not happen', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 25 }), fc.boolean(), (happenings, fargate) => {
        const story = new Story(containers, fargate ? { launchType: 'FARGATE', networkMode: 'awsvpc' } : {})
        let reached = 0
        for (const h of happenings) {
          if (h === 'place') story.place()
          else if (h === 'stop') story.stop('enough')
          else if (h === 'close') story.close()
          else if ('start' in h) story.start(h.start)
          else if ('exit' in h) story.start(h.exit).exit(h.exit, exited(h.code))
          else story.exit(h.refuse, { outcome: 'refused', reason: reason('program_missing', 'none') })
          const { task } = story
          const rank = ORDER.indexOf(task.lastStatus)
          expect(rank).toBeGreaterThanOrEqual(reached)
          reached = rank
          check(task, story.execution)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  function check(task: WireTask, e: Execution): void {
    expect(task.lastStatus === 'STOPPED').toBe(isFinal(e))
    expect('stoppedAt' in task).toBe(isFinal(e))
    expect('stopCode' in task).toBe(task.desiredStatus === 'STOPPED')
    const times = ['createdAt', 'startedAt', 'stoppedAt'].flatMap((k) => (k in task ? [task[k] as number] : []))
    expect(times).toEqual([...times].sort((a, b) => a - b))
    if (task.lastStatus === 'RUNNING') expect(task).toHaveProperty('startedAt')
    for (const [i, container] of task.containers.entries()) {
      const ran = e.status.steps[i]!.attempts.some((a) => a.startedAt !== undefined)
      if (container.exitCode !== undefined && container.exitCode !== 143) expect(ran).toBe(true)
      if (container.exitCode !== undefined) expect(container.lastStatus).toBe('STOPPED')
      expect('runtimeId' in container).toBe(ran)
    }
  }
})
