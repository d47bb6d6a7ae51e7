/**
 * A prebuild under way: the environment's workspace is filled, then the tasks for prebuilds run, then those before the
 * snapshot, then everything stops. What the workspace holds then is what the prebuild made: nobody writes it any more.
 * Begun again after a restart it goes on where it was: each trigger fires once.
 */
import type { Execution } from '../../../core/execution.ts'
import type { Document } from '../../../core/ports/store.ts'
import { durationText } from '../../../core/quantity-text.ts'
import { changeAgain } from '../../kit/documents.ts'
import type { Parts } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord, type PrebuildRecord, type TaskRecord } from '../documents.ts'
import { changeRecord, ended, failureOf, recordOf, stopAll } from '../environment/errand-steps.ts'
import type { Errand } from '../environment/errands.ts'
import { fireTriggers, type Refused } from '../environment/fire-triggers.ts'
import { lookInto } from '../environment/look-into.ts'
import { sayReasonOf } from '../execution/say-reason.ts'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import { putPrebuild } from './find-prebuild.ts'
import { isOver } from './life-cycle.ts'

type Outcome = Pick<PrebuildRecord, 'failure' | 'warnings'>

export async function runPrebuild(parts: Parts, errand: Errand, signal: AbortSignal): Promise<void> {
  const environment = await recordOf(parts, errand)
  const prebuild = environment && (await documentOf(parts, errand, environment))?.body
  if (!prebuild || isOver(prebuild) || prebuild.phase === 'cancelling') return
  const late = AbortSignal.timeout(Math.max(0, prebuild.createdAt + prebuild.timeoutMs - parts.engine.now()))
  const made = await outcomeOf(parts, errand, environment, AbortSignal.any([signal, late]))
  if (signal.aborted) return
  await stopAll(parts, errand, signal)
  if (signal.aborted) return
  const outcome = late.aborted ? { failure: `not done within ${durationText(prebuild.timeoutMs)}`, warnings: [] } : made
  await close(parts, errand, { ...outcome, phase: outcome.failure === undefined ? 'completed' : 'failed' })
}

/** Its programs are stopped; what they left is kept by nobody. */
export async function cancelPrebuild(parts: Parts, errand: Errand, signal: AbortSignal): Promise<void> {
  await stopAll(parts, errand, signal)
  if (!signal.aborted) await close(parts, errand, { phase: 'cancelled' })
}

async function close(parts: Parts, errand: Errand, end: Partial<PrebuildRecord>): Promise<void> {
  const environment = await changeRecord(parts, errand, (e) => ({ ...e, phase: 'stopped' }))
  if (environment) await change(parts, errand, environment, { ...end, completedAt: parts.engine.now() })
}

async function outcomeOf(
  parts: Parts,
  errand: Errand,
  environment: EnvironmentRecord,
  signal: AbortSignal,
): Promise<Outcome> {
  const { tenant, principal } = errand
  const start = await ended(parts, tenant, environment.start, signal)
  if (start?.status.state !== 'succeeded')
    return { failure: start ? await failureOf(parts, start) : 'its start was removed', warnings: [] }
  const found = await lookInto(parts, principal, environment)
  const up = await changeRecord(parts, errand, (e) => ({ ...e, ...found, phase: 'running' }))
  if (!up) return { failure: 'its environment was stopped', warnings: [] }
  await change(parts, errand, up, { phase: 'running' })
  const built = await triggered(parts, errand, up, 'prebuild', signal)
  if (built.failure !== undefined) return built
  await change(parts, errand, up, { phase: 'snapshotting' })
  const last = await triggered(parts, errand, up, 'beforeSnapshot', signal)
  const unread = found.automations.failure === undefined ? [] : [found.automations.failure]
  return { ...last, warnings: [...unread, ...built.warnings, ...last.warnings] }
}

/** All tasks of a trigger at once; a failed one fails the prebuild only where it says so (ona.md 4). */
async function triggered(
  parts: Parts,
  { tenant, principal }: Errand,
  environment: EnvironmentRecord,
  trigger: 'prebuild' | 'beforeSnapshot',
  signal: AbortSignal,
): Promise<Outcome> {
  const { tasks } = await fireTriggers(parts, { principal, environment, triggers: [trigger] }, signal)
  const ends = await Promise.all(
    tasks.map(async (fired): Promise<Ended> => {
      if ('refusal' in fired) return fired
      const { automation, execution } = fired
      return { automation, end: await ended(parts, tenant, execution.id, signal) }
    }),
  )
  const failures = ends.filter((one) => 'refusal' in one || one.end?.status.state !== 'succeeded')
  const required = failures.filter(({ automation }) => automation.spec.prebuildRequiresSuccess).map(said)
  const warnings = failures.filter(({ automation }) => !automation.spec.prebuildRequiresSuccess).map(said)
  return { warnings, ...(required.length > 0 && { failure: required.join('; ') }) }
}

type Ended = Refused<TaskRecord> | { readonly automation: TaskRecord; readonly end: Execution | undefined }

function said(one: Ended): string {
  const why = 'refusal' in one ? one.refusal : one.end && sayReasonOf(one.end)
  return `task ${one.automation.reference}: ${why || 'it did not succeed'}`
}

const documentOf = (
  { engine }: Parts,
  { tenant }: Errand,
  { prebuild }: EnvironmentRecord,
): Promise<Document<PrebuildRecord> | undefined> =>
  engine.document<PrebuildRecord>(tenant, COLLECTIONS.prebuild, prebuild ?? '')

async function change(
  parts: Parts,
  errand: Errand,
  environment: EnvironmentRecord,
  after: Partial<PrebuildRecord>,
): Promise<void> {
  const changed = await changeAgain(async () => {
    const found = await documentOf(parts, errand, environment)
    const unwanted = found?.body.phase === 'cancelling' && after.phase !== 'cancelled'
    if (!found || unwanted || isOver(found.body)) return undefined
    const record = { ...found.body, ...after, updatedAt: parts.engine.now() }
    await parts.engine.saveDocuments([putPrebuild(errand, record, found.version)])
    return record
  })
  const { UPDATE_STATUS } = ResourceOperation
  if (changed) parts.hub.tell(errand.tenant, environment.id, UPDATE_STATUS, ResourceType.PREBUILD, changed.id)
}
