/** Errands, one function each: bring up, stop, remove. */
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Execution, isFinal } from '../../../core/execution.ts'
import { asExecutionId, type Tenant } from '../../../core/identity.ts'
import type { DocumentChange } from '../../../engine/reactor.ts'
import { allDocuments, changeAgain } from '../../kit/documents.ts'
import { FACE } from '../auth.ts'
import type { Parts } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord } from '../documents.ts'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import { applyAutomations } from './apply-automations.ts'
import type { Errand } from './errands.ts'
import { fireTriggers } from './fire-triggers.ts'
import { putEnvironment } from './start-environment.ts'

/** Longest single wait for executions; then it looks again. */
const WAIT_MS = 600_000

export function performErrand(parts: Parts, errand: Errand, signal: AbortSignal): Promise<void> {
  if (errand.kind === 'start') return bringUp(parts, errand, signal)
  return errand.kind === 'stop' ? stop(parts, errand, signal) : remove(parts, errand, signal)
}

async function bringUp(parts: Parts, errand: Errand, signal: AbortSignal): Promise<void> {
  const { tenant, environment: id, principal } = errand
  const environment = await recordOf(parts, tenant, id)
  if (!environment || environment.phase === 'stopping' || environment.phase === 'deleting') return
  const start = await ended(parts, tenant, environment.start, signal)
  if (signal.aborted) return
  if (start?.status.state !== 'succeeded') {
    const failure = start ? await failureOf(parts, start) : 'its start was removed'
    await change(parts, errand, (e) => ({ ...e, phase: 'stopped', failure }))
    return
  }
  const automations = await applyAutomations(parts, principal, environment)
  const up = await change(parts, errand, ({ failure: _, ...e }) => ({ ...e, phase: 'running', automations }))
  if (up) await fireTriggers(parts, principal, up, signal)
}

/** With the last word of the program that filled the workspace: git says what was wrong. */
async function failureOf({ engine }: Parts, { id, tenant, status }: Execution): Promise<string> {
  const reason = status.reason?.message ?? 'it could not be started'
  const page = await engine.executionLog(tenant, id, { limit: LAST_LINES, backwards: true })
  const last = page.lines.findLast(({ line }) => line.source === 'stderr')
  return last ? `${reason}: ${Buffer.from(last.line.bytes).toString('utf8').trim()}` : reason
}

const LAST_LINES = 20

async function ended(parts: Parts, tenant: Tenant, id: string, signal: AbortSignal) {
  for (;;) {
    const found = await parts.engine.waitFor(tenant, asExecutionId(id), isFinal, WAIT_MS, signal).catch(() => null)
    if (found === null || signal.aborted) return undefined
    if (found && isFinal(found)) return found
  }
}

async function stop(parts: Parts, errand: Errand, signal: AbortSignal): Promise<void> {
  await stopAll(parts, errand, signal)
  if (!signal.aborted) await change(parts, errand, (e) => ({ ...e, phase: 'stopped' }))
}

/** Every program of the environment is asked to end; returns when none is left. */
async function stopAll(
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

async function remove(parts: Parts, errand: Errand, signal: AbortSignal): Promise<void> {
  await stopAll(parts, errand, signal)
  if (signal.aborted) return
  const { tenant, environment: id } = errand
  const environment = await recordOf(parts, tenant, id)
  if (environment?.workspace.own) await rm(dirname(environment.workspace.directory), { recursive: true, force: true })
  await parts.engine.saveDocuments(await belongings(parts, tenant, id))
  parts.hub.tell(tenant, id, ResourceOperation.DELETE, ResourceType.ENVIRONMENT, id)
}

/** The environment with its tasks, services and their names. */
async function belongings(parts: Parts, tenant: Tenant, id: string): Promise<readonly DocumentChange[]> {
  const index = { name: 'environment', value: id }
  const collections = [COLLECTIONS.task, COLLECTIONS.service, COLLECTIONS.reference]
  const found = await Promise.all(collections.map((c) => allDocuments(parts.engine, tenant, c, { index })))
  const keys = found.flatMap((documents, i) => documents.map(({ key }) => ({ collection: collections[i]!, key })))
  return [...keys, { collection: COLLECTIONS.environment, key: id }].map((place) => ({
    kind: 'document.delete',
    tenant,
    ...place,
  }))
}

async function recordOf(parts: Parts, tenant: Tenant, id: string): Promise<EnvironmentRecord | undefined> {
  return (await parts.engine.document<EnvironmentRecord>(tenant, COLLECTIONS.environment, id))?.body
}

/** Unless another errand took its place meanwhile: what is stopping does not run. */
async function change(
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
  stop: ['stopping'],
  delete: ['deleting'],
}
