import type { UnplacedEvent } from '../core/event.ts'
import type { Execution, ExecutionState, Submission } from '../core/execution.ts'
import { isFinalState } from '../core/execution.ts'
import { asExecutionId, asNodeId, asTenant, type Tenant } from '../core/identity.ts'
import type { Change } from '../core/ports/store.ts'

/** What the conformance suite stores: small but whole things. */
export const ALICE: Tenant = asTenant('ecs:000000000000:eu-west-1')
export const BOB: Tenant = asTenant('native:bob')

const EPOCH_MS = 1_790_000_000_000

/** The id that was made `n` ms after the suite's beginning: a UUID of version 7. */
export function idAt(n: number, salt = 0) {
  const time = (EPOCH_MS + n).toString(16).padStart(12, '0')
  return asExecutionId(`${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${salt.toString(16).padStart(12, '0')}`)
}

export const instantAt = (n: number): number => EPOCH_MS + n

export interface Sample {
  readonly tenant?: Tenant
  readonly n: number
  readonly salt?: number
  readonly state?: ExecutionState
  readonly node?: string
  readonly submission?: Partial<Submission>
}

export function sampleExecution({
  tenant = ALICE,
  n,
  salt = 0,
  state = 'pending',
  node,
  submission,
}: Sample): Execution {
  const allocation = node === undefined ? {} : { allocation: allocationOn(node, n, salt) }
  return {
    id: idAt(n, salt),
    tenant,
    submission: { ...sampleSubmission(tenant, n), ...submission },
    status: {
      state,
      desired: 'run',
      steps: [],
      appended: [],
      epoch: 0,
      retries: 0,
      ...allocation,
      ...(isFinalState(state) && { finishedAt: instantAt(n) }),
    },
    version: 1,
  }
}

const sampleSubmission = (tenant: Tenant, n: number): Submission => ({
  plan: { steps: [] },
  trigger: { kind: 'api' },
  principal: { id: 'p', kind: 'user', tenant, face: 'native', grants: [] },
  acceptedAt: instantAt(n),
  priority: 0,
  ifNoRoom: 'queue',
  reservation: { cpuUnits: 0, memoryBytes: 0 },
  labels: {},
  refs: {},
  face: 'native',
})

const allocationOn = (node: string, n: number, salt: number) =>
  ({
    id: `${idAt(n, salt)}:1` as NonNullable<Execution['status']['allocation']>['id'],
    epoch: 1,
    node: asNodeId(node),
    reserved: { cpuUnits: 0, memoryBytes: 0 },
    ports: [],
    state: 'open',
    openedAt: instantAt(n),
    executors: [],
  }) as const

/** The next version, in `state`. */
export const moved = (execution: Execution, state: ExecutionState): Execution => ({
  ...execution,
  status: {
    ...execution.status,
    state,
    ...(isFinalState(state) && { finishedAt: execution.submission.acceptedAt + 1 }),
  },
  version: execution.version + 1,
})

export const insert = (execution: Execution): Change => ({ kind: 'execution.insert', execution })
export const update = (execution: Execution): Change => ({ kind: 'execution.update', execution })
export const put = (
  tenant: Tenant,
  key: string,
  more: Partial<Extract<Change, { kind: 'document.put' }>> = {},
): Change => ({
  kind: 'document.put',
  tenant,
  collection: 'things',
  key,
  body: { key },
  ...more,
})

export const eventOf = (execution: Execution, at = execution.submission.acceptedAt): Change => ({
  kind: 'event',
  event: unplaced(execution, at),
})

const unplaced = (execution: Execution, at: number): UnplacedEvent => ({
  tenant: execution.tenant,
  execution: execution.id,
  at,
  version: execution.version,
  transition: { kind: 'execution.state', to: execution.status.state },
})

/**
 * Stores an execution in any state: final ones are inserted as `pending` and then moved, as a life would.
 * What is stored has version 2 then.
 */
export const lifeTo = (execution: Execution): readonly Change[] => {
  if (!isFinalState(execution.status.state) && execution.status.state !== 'stopping') return [insert(execution)]
  const { finishedAt: _, ...status } = execution.status
  return [
    insert({ ...execution, status: { ...status, state: 'starting' } }),
    update({ ...execution, version: execution.version + 1 }),
  ]
}
