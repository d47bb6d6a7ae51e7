import type { UnplacedEvent } from '../src/core/event.ts'
import type { Execution, ExecutionState } from '../src/core/execution.ts'
import { type AllocationId, asExecutionId, asNodeId, asTenant } from '../src/core/identity.ts'
import type { Change } from '../src/core/ports/store.ts'

export const TENANT = asTenant('native:bench')
const DAY_MS = 86_400_000
/** Yesterday: the events of an older history would be pruned while it is read. */
const BEGIN_MS = (Math.floor(Date.now() / DAY_MS) - 1) * DAY_MS
const NODE = asNodeId('local')

/** The `n`-th id, as a UUID of version 7 of that millisecond. */
export function idOf(n: number) {
  const time = (BEGIN_MS + n).toString(16).padStart(12, '0')
  const random = Math.imul(n, 2_654_435_761) >>> 0
  return asExecutionId(`${time.slice(0, 8)}-${time.slice(8)}-7a1b-9c3d-${random.toString(16).padStart(12, '0')}`)
}

export const acceptedAt = (n: number): number => BEGIN_MS + n

/** A no-op task as the native API submits one, placed and started in its first commit. */
export function started(n: number, more: Partial<Execution['submission']> = {}): Execution {
  const id = idOf(n)
  const at = acceptedAt(n)
  return {
    id,
    tenant: TENANT,
    submission: {
      plan: {
        steps: [
          {
            name: 'main',
            group: 0,
            conditions: [],
            essential: true,
            endsExecution: 'onExit',
            resources: { cpuUnits: 100, memoryBytes: 67_108_864 },
            stop: { signal: 'SIGTERM', graceMs: 10_000 },
            work: { kind: 'run', argv: ['/bin/true'], env: {} },
          },
        ],
      },
      trigger: { kind: 'api' },
      principal: { id: 'operator', kind: 'operator', tenant: TENANT, face: 'native', grants: ['*'] },
      acceptedAt: at,
      priority: 0,
      ifNoRoom: 'queue',
      reservation: { cpuUnits: 100, memoryBytes: 67_108_864 },
      labels: {},
      refs: {},
      face: 'native',
      ...more,
    },
    status: {
      state: 'starting',
      desired: 'run',
      steps: [{ state: 'starting', retries: 0, attempts: [attempt(at)], health: 'none', outputs: {} }],
      appended: [],
      allocation: {
        id: `${id}:1` as AllocationId,
        epoch: 1,
        node: NODE,
        reserved: { cpuUnits: 100, memoryBytes: 67_108_864 },
        ports: [],
        state: 'open',
        openedAt: at,
        executors: ['process'],
      },
      epoch: 1,
      placedAt: at,
      retries: 0,
    },
    version: 1,
  }
}

const attempt = (at: number) => ({ number: 1, epoch: 1, executor: 'process', requestedAt: at })

/** The same one after its exit and the close of its allocation. */
export function ended(before: Execution, state: ExecutionState = 'succeeded'): Execution {
  const at = before.submission.acceptedAt + 5
  const step = before.status.steps[0]!
  const last = {
    ...attempt(before.submission.acceptedAt),
    startedAt: at,
    exitedAt: at,
    exit: { outcome: 'exited' as const, code: state === 'succeeded' ? 0 : 1 },
    usage: { cpuMicros: 1_200, peakMemoryBytes: 1_048_576 },
    handle: '12345',
  }
  return {
    ...before,
    version: before.version + 1,
    status: {
      ...before.status,
      state,
      steps: [{ ...step, state: 'succeeded', attempts: [last], startedAt: at, finishedAt: at }],
      allocation: { ...before.status.allocation!, state: 'closed', closedAt: at },
      startedAt: at,
      finishedAt: at,
    },
  }
}

/** First commit: accepted, placed, started; three events. */
export const firstCommit = (execution: Execution): readonly Change[] => [
  { kind: 'execution.insert', execution },
  event(execution, { kind: 'execution.state', to: 'pending' }),
  event(execution, { kind: 'allocation.opened', epoch: 1, node: NODE }),
  event(execution, { kind: 'execution.state', from: 'pending', to: 'starting' }),
]

/** Second commit: ran, exited, closed, ended; four events. */
export const lastCommit = (execution: Execution): readonly Change[] => [
  { kind: 'execution.update', execution, removeAt: execution.submission.acceptedAt + 86_400_000 },
  event(execution, { kind: 'step.state', step: 'main', ordinal: 0, from: 'starting', to: 'running' }),
  event(execution, {
    kind: 'step.state',
    step: 'main',
    ordinal: 0,
    from: 'running',
    to: 'succeeded',
    exit: { outcome: 'exited', code: 0 },
  }),
  event(execution, { kind: 'allocation.closed', epoch: 1, node: NODE }),
  event(execution, { kind: 'execution.state', from: 'starting', to: execution.status.state }),
]

const event = (execution: Execution, transition: UnplacedEvent['transition']): Change => ({
  kind: 'event',
  event: {
    tenant: execution.tenant,
    execution: execution.id,
    at: execution.status.finishedAt ?? execution.submission.acceptedAt,
    version: execution.version,
    transition,
  },
})
