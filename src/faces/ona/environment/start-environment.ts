/** The execution that fills an environment's workspace, and the commit that goes with it. */
import { dirname } from 'node:path'
import type { ExecutionId, Principal } from '../../../core/identity.ts'
import type { Plan } from '../../../core/plan.ts'
import type { DocumentPut } from '../../../core/ports/store.ts'
import { DEFAULT_STOP, type RunSpec } from '../../../core/step-spec.ts'
import { type Content, fillArgv } from '../../../workspaces/checkout.ts'
import type { CloneJob } from '../../../workspaces/clone-job.ts'
import { WORKSPACE_PROGRAMS } from '../../../workspaces/workspace-programs.ts'
import { put } from '../../kit/documents.ts'
import type { BuiltInProgram } from '../../kit/face.ts'
import { FACE } from '../auth.ts'
import type { Parts } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord } from '../documents.ts'
import { putErrand } from './errands.ts'
import { contentOf } from './initializer.ts'
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

/** Submits the start of `record` and stores it in the same commit; answers what was stored. */
export async function startEnvironment(
  parts: Parts,
  principal: Principal,
  record: EnvironmentRecord,
  expected: number,
): Promise<EnvironmentRecord> {
  const id = parts.engine.newExecutionId()
  const started = { ...record, start: id, lastStartedAt: parts.engine.now() }
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
        putErrand({ kind: 'start', tenant: principal.tenant, environment: started.id, principal }),
      ],
    },
  ])
  parts.errands.begin(started.id)
  return started
}

function planOf(parts: Parts, record: EnvironmentRecord): Plan {
  const content = contentOf(parts.options, record.spec)
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
        work: fillRun(parts, record, content),
      },
    ],
  }
}

/** The program sees the environment's whole directory: the marker that it is filled lies beside the workspace. */
function fillRun(parts: Parts, { workspace }: EnvironmentRecord, content: Content): RunSpec {
  const { options } = parts
  const own = workspace.own ? dirname(workspace.directory) : workspace.directory
  const base = options.sandboxed() ? '/environment' : own
  const seen = workspace.own ? `${base}/workspace` : base
  const { argv, mounts } = programOf(parts, content, seen)
  return {
    kind: 'run',
    argv,
    env: {},
    workdir: seen,
    ...(workspace.user !== undefined && { user: workspace.user }),
    mounts: [{ kind: 'bind', source: own, target: base, trusted: true }, ...mounts],
  }
}

function programOf({ context, options }: Parts, content: Content, workspace: string): BuiltInProgram {
  if (content.kind !== 'git') return { argv: fillArgv(content, workspace), mounts: [] }
  const { url, target, location = '.' } = content
  const { argv, mounts } = context.program(WORKSPACE_PROGRAMS.clone)
  const job: CloneJob = {
    url,
    workspace,
    location,
    allowAddresses: options.allowAddresses,
    ...(target && { target }),
  }
  return { argv: [...argv, JSON.stringify(job)], mounts }
}
