/** The execution that fills an environment's workspace, and the commit that goes with it. */
import type { ExecutionId, Principal } from '../../../core/identity.ts'
import type { Plan } from '../../../core/plan.ts'
import type { DocumentPut } from '../../../core/ports/store.ts'
import { DEFAULT_STOP } from '../../../core/step-spec.ts'
import { put } from '../../kit/documents.ts'
import { FACE } from '../auth.ts'
import type { Parts } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord } from '../documents.ts'
import { putErrand } from './errands.ts'
import { fillRun } from './fill-run.ts'
import { makeWorkspace } from './workspace.ts'

const CLONE_LIMIT_MS = 3_600_000

export const environmentKey = ({ id, starts }: Pick<EnvironmentRecord, 'id' | 'starts'>): string =>
  `ona/environment/${id}/${starts}`

export const putEnvironment = (
  principal: Pick<Principal, 'tenant'>,
  record: EnvironmentRecord,
  expected?: number,
): DocumentPut =>
  put(principal.tenant, COLLECTIONS.environment, record.id, record, {
    sort: record.id,
    ...(expected !== undefined && { expected }),
  })

/** Submits the start of `record` and stores it, and `more`, in the same commit; answers what was stored. */
export async function startEnvironment(
  parts: Parts,
  principal: Principal,
  record: EnvironmentRecord,
  expected: number,
  more: readonly DocumentPut[] = [],
): Promise<EnvironmentRecord> {
  const id = parts.engine.newExecutionId()
  const started = { ...record, start: id, lastStartedAt: parts.engine.now() }
  const kind = started.role === 'prebuild' ? 'prebuild' : 'start'
  if (started.workspace.own) await makeWorkspace(started.workspace)
  await parts.engine.submit(principal, [
    {
      id: id as ExecutionId,
      plan: planOf(parts, started),
      name: `start ${started.name}`,
      face: FACE,
      key: environmentKey(started),
      labels: { environment: started.name },
      refs: { kind: 'environment', environment: started.id },
      changes: [
        putEnvironment(principal, started, expected),
        putErrand({ kind, tenant: principal.tenant, environment: started.id, principal }),
        ...more,
      ],
    },
  ])
  parts.errands.begin(started.id)
  return started
}

function planOf(parts: Parts, record: EnvironmentRecord): Plan {
  return {
    steps: [
      {
        name: 'content',
        group: 0,
        conditions: [],
        essential: true,
        endsExecution: 'never',
        resources: {},
        timeoutMs: CLONE_LIMIT_MS,
        stop: DEFAULT_STOP,
        work: fillRun(parts, record),
      },
    ],
  }
}
