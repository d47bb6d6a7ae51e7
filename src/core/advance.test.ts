import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advance, newStatus } from './advance.ts'
import { dueAt } from './due.ts'
import type { Execution, ExecutionState } from './execution.ts'
import { isFinal } from './execution.ts'
import type { ExecutionEvent } from './execution-event.ts'
import { EXECUTION_TRANSITIONS } from './execution-state.ts'
import type { Exit } from './exit.ts'
import { asExecutionId, asNodeId, asTenant, attemptIdOf } from './identity.ts'
import { reason } from './reason.ts'
import type { StepSpec } from './step-spec.ts'

const ID = asExecutionId('e')
const NODE = asNodeId('n')
const TENANT = asTenant('t')
const EXIT_0: Exit = { outcome: 'exited', code: 0 }
const EXIT_1: Exit = { outcome: 'exited', code: 1 }

const step = (name: string, more: Partial<StepSpec> = {}): StepSpec => ({
  name,
  group: 0,
  conditions: [],
  essential: true,
  endsExecution: 'onFailure',
  resources: {},
  stop: { signal: 'SIGTERM', graceMs: 1_000 },
  work: { kind: 'run', argv: ['true'], env: {} },
  ...more,
})

function executionOf(steps: readonly StepSpec[], more: Partial<Execution['submission']> = {}): Execution {
  const principal = { id: 'u', kind: 'user', tenant: TENANT, face: 'native', grants: [] } as const
  const reservation = { cpuUnits: 0, memoryBytes: 0 }
  const submission = {
    plan: { steps },
    trigger: { kind: 'api' },
    principal,
    acceptedAt: 0,
    priority: 0,
    ifNoRoom: 'queue',
    reservation,
    labels: {},
    refs: {},
    face: 'native',
    ...more,
  } as const
  return { id: ID, tenant: TENANT, submission, status: newStatus(steps.length), version: 1 }
}

/** Applies events in turn, one ms apart; a refused one changes nothing. */
function evolved(execution: Execution, ...events: readonly ExecutionEvent[]): Execution {
  let now = 0
  for (const event of events) {
    const result = advance(execution, event, ++now)
    if (result.kind === 'advanced') execution = result.execution
  }
  return execution
}

const placed = (e: Execution): ExecutionEvent => ({
  kind: 'placed',
  node: NODE,
  reserved: { cpuUnits: 0, memoryBytes: 0 },
  ports: [],
  executors: e.submission.plan.steps.map(() => 'scripted'),
})
const started = (ordinal: number, number = 1): ExecutionEvent => ({
  kind: 'attemptStarted',
  attempt: attemptIdOf(ID, ordinal, number),
  at: 1,
})
const exited = (ordinal: number, exit: Exit, number = 1): ExecutionEvent => ({
  kind: 'attemptExited',
  attempt: attemptIdOf(ID, ordinal, number),
  at: 2,
  exit,
  startedAt: 1,
})
const closed = (epoch = 1): ExecutionEvent => ({ kind: 'allocationClosed', epoch })
const userStop: ExecutionEvent = {
  kind: 'stopRequested',
  cause: { kind: 'user', reason: reason('stopped_by_user', 'enough') },
}

const stateOf = (e: Execution): ExecutionState => e.status.state
const stepStates = (e: Execution): readonly string[] => e.status.steps.map((s) => s.state)

describe('an execution', () => {
  test('is pending, starting, running, then ends with its step', () => {
    const e = executionOf([step('a')])
    expect(stateOf(e)).toBe('pending')
    expect(stateOf(evolved(e, placed(e)))).toBe('starting')
    expect(stateOf(evolved(e, placed(e), started(0)))).toBe('running')
    expect(stateOf(evolved(e, placed(e), started(0), exited(0, EXIT_0), closed()))).toBe('succeeded')
    expect(stateOf(evolved(e, placed(e), started(0), exited(0, EXIT_1), closed()))).toBe('failed')
  })

  test('is final only when its allocation is closed', () => {
    const e = executionOf([step('a')])
    const ended = evolved(e, placed(e), exited(0, EXIT_0))
    expect(isFinal(ended)).toBe(false)
    expect(ended.status.allocation?.state).toBe('closing')
  })

  test('runs groups in sequence and the steps of a group at once', () => {
    const e = executionOf([step('a'), step('b'), step('c', { group: 1 })])
    const running = evolved(e, placed(e))
    expect(stepStates(running)).toEqual(['starting', 'starting', 'waiting'])
    expect(stepStates(evolved(running, exited(0, EXIT_0)))).toEqual(['succeeded', 'starting', 'waiting'])
    expect(stepStates(evolved(running, exited(0, EXIT_0), exited(1, EXIT_0)))).toEqual([
      'succeeded',
      'succeeded',
      'starting',
    ])
  })

  test('lets a group go on after a failure that ends with the group, and begins no further one', () => {
    const last = { endsExecution: 'onGroupFailure' } as const
    const e = executionOf([step('a', last), step('b', last), step('c', { ...last, group: 1 })])
    const failed = evolved(e, placed(e), started(0), started(1), exited(0, EXIT_1))
    expect(stepStates(failed)).toEqual(['failed', 'running', 'waiting'])
    const end = evolved(failed, exited(1, EXIT_0), closed())
    expect(stepStates(end)).toEqual(['failed', 'succeeded', 'skipped'])
    expect(stateOf(end)).toBe('failed')
  })

  test('skips what can never start, and what depends on that', () => {
    const e = executionOf([
      step('a', { endsExecution: 'never' }),
      step('b', { conditions: [{ step: 'a', until: 'succeeded' }], endsExecution: 'never' }),
      step('c', { conditions: [{ step: 'b', until: 'completed' }], endsExecution: 'never' }),
    ])
    const end = evolved(e, placed(e), exited(0, EXIT_1), closed())
    expect(stepStates(end)).toEqual(['failed', 'skipped', 'skipped'])
    expect(end.status.steps[2]?.reason?.code).toBe('condition_never')
    expect(stateOf(end)).toBe('failed')
  })

  test('stops dependents before what they depend on', () => {
    const e = executionOf([step('db'), step('app', { conditions: [{ step: 'db', until: 'started' }] })])
    const running = evolved(e, placed(e), started(0), started(1))
    const stopping = evolved(running, userStop)
    expect(stepStates(stopping)).toEqual(['running', 'stopping'])
    expect(stepStates(evolved(stopping, exited(1, { outcome: 'signaled', signal: 'SIGTERM' })))).toEqual([
      'stopping',
      'stopped',
    ])
  })

  test('ends with an essential step that ends it on exit, also on exit 0', () => {
    const e = executionOf([step('main', { endsExecution: 'onExit' }), step('sidecar', { essential: false })])
    const end = evolved(e, placed(e), started(0), started(1), exited(0, EXIT_0))
    expect(stepStates(end)).toEqual(['succeeded', 'stopping'])
    expect(stateOf(evolved(end, exited(1, { outcome: 'signaled', signal: 'SIGTERM' }), closed()))).toBe('succeeded')
  })

  test('that a user stopped is cancelled, unless everything essential had succeeded before', () => {
    const e = executionOf([step('a'), step('b', { essential: false })])
    const both = evolved(e, placed(e), started(0), started(1))
    const killed: Exit = { outcome: 'signaled', signal: 'SIGKILL' }
    expect(stateOf(evolved(both, userStop, exited(0, killed), exited(1, killed), closed()))).toBe('cancelled')
    expect(stateOf(evolved(both, exited(0, EXIT_0), userStop, exited(1, killed), closed()))).toBe('succeeded')
    expect(stateOf(evolved(e, userStop))).toBe('cancelled')
  })

  test('with an essential step lost is lost, whoever stopped it', () => {
    const e = executionOf([step('a')])
    const lost: Exit = { outcome: 'lost', reason: reason('cell_died', 'gone') }
    expect(stateOf(evolved(e, placed(e), started(0), userStop, exited(0, lost), closed()))).toBe('lost')
  })

  test('keeps the first stop cause', () => {
    const e = executionOf([step('a')])
    const late: ExecutionEvent = {
      kind: 'stopRequested',
      cause: { kind: 'user', reason: reason('stopped_by_user', 'again') },
    }
    expect(evolved(e, placed(e), userStop, late).status.stopCause?.reason.message).toBe('enough')
  })

  test('takes a shorter grace from a later stop, never a longer one, and keeps the cause', () => {
    const e = executionOf([step('a')])
    const again = (graceMs: number): ExecutionEvent => ({
      kind: 'stopRequested',
      cause: { kind: 'user', reason: reason('stopped_by_user', 'again'), graceMs },
    })
    const stopped = evolved(e, placed(e), started(0), userStop, again(500), again(900), again(0))
    expect(stopped.status.stopCause).toMatchObject({ reason: { message: 'enough' }, graceMs: 0 })
    expect(advance(stopped, again(0), 99)).toEqual({ kind: 'refused', why: 'nothing' })
  })

  test('is tried again as a whole on a new allocation, and late news of the old one is refused', () => {
    const e = executionOf([step('a')], {
      retry: { on: 'failure', limit: 1, backoff: { initialMs: 10, factor: 1, maximumMs: 10 } },
    })
    const again = evolved(e, placed(e), started(0), exited(0, EXIT_1), closed())
    expect(again.status).toMatchObject({ state: 'pending', retries: 1, epoch: 1, desired: 'run' })
    const second = evolved(again, placed(again))
    expect(second.status).toMatchObject({ state: 'starting', epoch: 2 })
    expect(advance(second, exited(0, EXIT_0, 1), 99)).toEqual({ kind: 'refused', why: 'stale' })
    expect(stateOf(evolved(second, exited(0, EXIT_1, 2), closed(2)))).toBe('failed')
  })

  test('of a step that is tried again waits for its backoff', () => {
    const backoff = { initialMs: 100, factor: 2, maximumMs: 1_000 }
    const e = executionOf([step('a', { retry: { on: 'failure', limit: 2, backoff } })])
    const waiting = evolved(e, placed(e), started(0), exited(0, EXIT_1))
    expect(stepStates(waiting)).toEqual(['waiting'])
    const due = dueAt(waiting, 10)!
    expect(due).toBe(103)
    const early = advance(waiting, { kind: 'due', at: due - 1 }, due - 1)
    expect(early.kind === 'advanced' && stepStates(early.execution)).toEqual(['waiting'])
    const again = advance(waiting, { kind: 'due', at: due }, due)
    expect(again.kind === 'advanced' && again.execution.status.steps[0]?.attempts.map((a) => a.number)).toEqual([1, 2])
  })

  test('of a step whose wait ended before anybody set an alarm is due at once, and only while it can start', () => {
    const backoff = { initialMs: 1, factor: 1, maximumMs: 1 }
    const again = step('a', { retry: { on: 'failure', limit: 2, backoff } })
    const e = executionOf([again, step('later', { group: 1 })])
    const waiting = evolved(e, placed(e), started(0), exited(0, EXIT_1))
    expect(dueAt(waiting, 500)).toBe(500)
    const next = advance(waiting, { kind: 'due', at: 500 }, 500)
    if (next.kind !== 'advanced') throw new Error('refused')
    expect(stepStates(next.execution)).toEqual(['starting', 'waiting'])
    expect(dueAt(next.execution, 501)).toBeUndefined()
  })

  test('over its time limit is stopped and fails', () => {
    const e = executionOf([step('a')], { timeoutMs: 50 })
    const running = evolved(e, placed(e), started(0))
    expect(dueAt(running, 10)).toBe(51)
    const late = advance(running, { kind: 'due', at: 51 }, 51)
    if (late.kind !== 'advanced') throw new Error('refused')
    expect(stepStates(late.execution)).toEqual(['stopping'])
    const end = evolved(late.execution, exited(0, { outcome: 'signaled', signal: 'SIGTERM' }), closed())
    expect(end.status).toMatchObject({ state: 'failed', reason: { code: 'execution_timeout' } })
  })

  test('gives up on a condition whose dependency took too long', () => {
    const health = { argv: ['check'], intervalMs: 1, timeoutMs: 1, retries: 1, startPeriodMs: 0 }
    const e = executionOf([
      step('db', { startTimeoutMs: 100, work: { kind: 'run', argv: ['db'], env: {}, health } }),
      step('app', { conditions: [{ step: 'db', until: 'healthy' }] }),
    ])
    const running = evolved(e, placed(e), started(0))
    expect(dueAt(running, 10)).toBe(101)
    const late = advance(running, { kind: 'due', at: 101 }, 101)
    expect(late.kind === 'advanced' && late.execution.status.steps[1]).toMatchObject({
      state: 'skipped',
      reason: { code: 'condition_timeout' },
    })
  })
})

const anyEvent = (steps: number, e: Execution): fc.Arbitrary<ExecutionEvent> => {
  const attempt = fc.tuple(fc.nat(steps - 1), fc.integer({ min: 1, max: 3 }))
  return fc.oneof(
    fc.constant(placed(e)),
    fc.constant(userStop),
    fc.nat(50_000).map((at): ExecutionEvent => ({ kind: 'due', at })),
    fc.integer({ min: 1, max: 3 }).map(closed),
    attempt.map(([s, n]) => started(s, n)),
    fc
      .tuple(
        attempt,
        fc.constantFrom<Exit>(
          EXIT_0,
          EXIT_1,
          { outcome: 'lost' },
          { outcome: 'timedOut', signal: 'SIGTERM' },
          { outcome: 'refused' },
        ),
      )
      .map(([[s, n], x]) => exited(s, x, n)),
  )
}

test('whatever happens in whatever order: moves follow the tables, versions rise by one, the end is the end', () => {
  const steps = [
    step('a', { retry: { on: 'any', limit: 1 } }),
    step('b', { conditions: [{ step: 'a', until: 'started' }] }),
    step('c', { group: 1, essential: false }),
  ]
  const e = executionOf(steps, { retry: { on: 'failure', limit: 1 } })
  fc.assert(
    fc.property(fc.array(anyEvent(steps.length, e), { maxLength: 40 }), (events) => {
      let now = e
      for (const [i, event] of events.entries()) {
        const result = advance(now, event, i * 1_000)
        if (result.kind === 'refused') continue
        expect(isFinal(now)).toBe(false)
        expect(result.execution.version).toBe(now.version + 1)
        for (const t of result.transitions)
          if (t.kind === 'execution.state') expect(EXECUTION_TRANSITIONS[t.from!]).toContain(t.to)
        if (isFinal(result.execution)) expect(result.execution.status.allocation?.state ?? 'closed').toBe('closed')
        now = result.execution
      }
    }),
    { numRuns: 2_000 },
  )
})
