import fc from 'fast-check'
import { expect, test } from 'vitest'
import { advance, newStatus } from '../../../core/advance.ts'
import { type Execution, isFinal } from '../../../core/execution.ts'
import type { ExecutionEvent } from '../../../core/execution-event.ts'
import { asExecutionId, asNodeId, asTenant, attemptIdOf } from '../../../core/identity.ts'
import { reason } from '../../../core/reason.ts'
import { DEFAULT_STOP, type StepSpec } from '../../../core/step-spec.ts'
import { TaskExecutionPhase } from '../gen/gitpod/v1/environment_automation_pb.js'
import { labelled } from '../task/step-label.ts'
import { presentExecution } from './present-execution.ts'

const ID = asExecutionId('01a20000-0000-7000-8000-000000000000')
const TENANT = asTenant('t')
const STEPS = 3

const step = (name: string, group: number): StepSpec => ({
  name,
  group,
  conditions: [],
  essential: true,
  endsExecution: 'onGroupFailure',
  resources: {},
  stop: DEFAULT_STOP,
  work: { kind: 'run', argv: ['true'], env: {} },
  labels: labelled({ id: name, label: name, dependsOn: [] }),
})

const execution: Execution = {
  id: ID,
  tenant: TENANT,
  submission: {
    plan: { steps: [step('a', 0), step('b', 0), step('c', 1)] },
    trigger: { kind: 'api' },
    principal: { id: 'u', kind: 'user', tenant: TENANT, face: 'ona', grants: [] },
    acceptedAt: 0,
    priority: 0,
    ifNoRoom: 'queue',
    reservation: { cpuUnits: 0, memoryBytes: 0 },
    labels: {},
    refs: { kind: 'task' },
    face: 'ona',
  },
  status: newStatus(STEPS),
  version: 1,
}

const placed: ExecutionEvent = {
  kind: 'placed',
  node: asNodeId('n'),
  reserved: { cpuUnits: 0, memoryBytes: 0 },
  ports: [],
  executors: ['scripted', 'scripted', 'scripted'],
}
const stop: ExecutionEvent = {
  kind: 'stopRequested',
  cause: { kind: 'user', reason: reason('stopped_by_user', 'enough') },
}
const attempt = fc.nat(STEPS - 1).map((ordinal) => attemptIdOf(ID, ordinal, 1))
const exit = fc.oneof(
  fc.nat(3).map((code) => ({ outcome: 'exited' as const, code })),
  fc.constant({ outcome: 'signaled' as const, signal: 'SIGTERM' }),
  fc.constant({ outcome: 'lost' as const }),
)
const anyEvent: fc.Arbitrary<ExecutionEvent> = fc.oneof(
  fc.constant(placed),
  fc.constant(stop),
  fc.constant<ExecutionEvent>({ kind: 'allocationClosed', epoch: 1 }),
  attempt.map((id): ExecutionEvent => ({ kind: 'attemptStarted', attempt: id, at: 1 })),
  fc
    .tuple(attempt, exit)
    .map(([id, how]): ExecutionEvent => ({ kind: 'attemptExited', attempt: id, at: 2, exit: how, startedAt: 1 })),
)

const { SUCCEEDED, FAILED, STOPPED } = TaskExecutionPhase
const FINAL: ReadonlySet<unknown> = new Set([SUCCEEDED, FAILED, STOPPED])

test('whatever happens, each later status has a larger version, and a phase that is final stays', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      let now = execution
      for (const [i, event] of [placed, ...events].entries()) {
        const before = presentExecution(now, 'http://x').status!
        const result = advance(now, event, i)
        if (result.kind === 'refused') continue
        now = result.execution
        const after = presentExecution(now, 'http://x').status!
        expect(after.statusVersion).toBeGreaterThan(before.statusVersion as bigint)
        if (FINAL.has(before.phase)) expect(after.phase).toBe(before.phase)
        expect(FINAL.has(after.phase)).toBe(isFinal(now))
      }
    }),
    { numRuns: 1_000 },
  )
})
