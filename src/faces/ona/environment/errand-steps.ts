/** What errands are made of: to look, to wait, to stop, to change the record. */
import { type Execution, isFinal } from '../../../core/execution.ts'
import { asExecutionId, type Tenant } from '../../../core/identity.ts'
import { changeAgain } from '../../kit/documents.ts'
import { FACE } from '../auth.ts'
import type { Parts } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord } from '../documents.ts'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import type { Errand } from './errands.ts'
import { putEnvironment } from './start-environment.ts'

/** Longest single wait for executions; then it looks again. */
const WAIT_MS = 600_000
const LAST_LINES = 20

export async function recordOf(
  { engine }: Parts,
  { tenant, environment }: Pick<Errand, 'tenant' | 'environment'>,
): Promise<EnvironmentRecord | undefined> {
  return (await engine.document<EnvironmentRecord>(tenant, COLLECTIONS.environment, environment))?.body
}

/** Undefined when it was removed, and when the signal came first. */
export async function ended(
  { engine }: Parts,
  tenant: Tenant,
  id: string,
  signal: AbortSignal,
): Promise<Execution | undefined> {
  for (;;) {
    const found = await engine.waitFor(tenant, asExecutionId(id), isFinal, WAIT_MS, signal).catch(() => null)
    if (found === null || signal.aborted) return undefined
    if (found && isFinal(found)) return found
  }
}

/** With the last word of the program that filled the workspace: git says what was wrong. */
export async function failureOf({ engine }: Parts, { id, tenant, status }: Execution): Promise<string> {
  const reason = status.reason?.message ?? 'it could not be started'
  const page = await engine.executionLog(tenant, id, { limit: LAST_LINES, backwards: true })
  const last = page.lines.findLast(({ line }) => line.source === 'stderr')
  return last ? `${reason}: ${Buffer.from(last.line.bytes).toString('utf8').trim()}` : reason
}

/** Every program of the environment is asked to end; returns when none is left. */
export async function stopAll(
  { engine }: Parts,
  { tenant, environment, principal }: Errand,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const filter = { face: FACE, active: true, refs: { environment } }
    const { items } = await engine.executions(tenant, filter, { limit: 100 })
    if (items.length === 0 || signal.aborted) return
    await Promise.all(
      items.map(({ id }) => engine.stop(tenant, id, { by: principal.id, message: 'the environment stops' })),
    )
    await Promise.all(items.map(({ id }) => engine.waitFor(tenant, id, isFinal, WAIT_MS, signal)))
  }
}

/** Unless another errand took its place meanwhile: what is stopping does not run. */
export async function changeRecord(
  parts: Parts,
  { kind, tenant, environment: id }: Errand,
  after: (record: EnvironmentRecord) => EnvironmentRecord,
): Promise<EnvironmentRecord | undefined> {
  const changed = await changeAgain(async () => {
    const found = await parts.engine.document<EnvironmentRecord>(tenant, COLLECTIONS.environment, id)
    if (!found || !EXPECTED[kind].includes(found.body.phase)) return undefined
    const record = after(found.body)
    await parts.engine.saveDocuments([putEnvironment({ tenant }, record, found.version)])
    return record
  })
  if (changed) parts.hub.tell(tenant, id, ResourceOperation.UPDATE_STATUS, ResourceType.ENVIRONMENT, id)
  return changed
}

const EXPECTED: Readonly<Record<Errand['kind'], readonly EnvironmentRecord['phase'][]>> = {
  start: ['creating', 'starting', 'running'],
  prebuild: ['creating', 'starting', 'running'],
  stop: ['stopping'],
  cancel: ['stopping'],
  delete: ['deleting'],
}
