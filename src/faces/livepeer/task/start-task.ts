import { randomUUID } from 'node:crypto'
import type { ExecutionId, Principal } from '../../../core/identity.ts'
import type { Plan } from '../../../core/plan.ts'
import type { DocumentPut } from '../../../core/ports/store.ts'
import type { PinJob } from '../../../media/job.ts'
import { mediaPlan } from '../../../media/media-plan.ts'
import { mediaStep, RESERVATION } from '../../../media/media-step.ts'
import { FACE } from '../auth.ts'
import { putTask, putTaskKnown } from '../documents.ts'
import { LivepeerError } from '../errors.ts'
import type { LivepeerParts } from '../parts.ts'
import { announceTask } from '../webhook/announce.ts'
import type { PinTarget, TaskRecord } from './task-record.ts'

/** Of the same user, not yet running. */
export async function checkQueue({ engine, options }: LivepeerParts, principal: Principal): Promise<void> {
  const filter = { states: ['pending'] as const, face: FACE }
  const waiting = await engine.executions(principal.tenant, filter, { limit: options.mostQueued })
  if (waiting.items.length >= options.mostQueued)
    throw new LivepeerError(429, `user ${principal.id} has reached the maximum number of pending tasks`)
}

export const newTaskId = (): string => randomUUID()

/**
 * Gives a task its execution: the record and all `changes` with it in one commit. Of a task that was stored before,
 * `version` is its document's. Returns the record as stored.
 */
export async function startTask(
  parts: LivepeerParts,
  principal: Principal,
  task: TaskRecord,
  changes: readonly DocumentPut[],
  version?: number,
): Promise<TaskRecord> {
  const { engine, options } = parts
  const id = engine.newExecutionId()
  const now = engine.now()
  const record: TaskRecord = { ...task, execution: id, scheduledAt: task.scheduledAt ?? now, updatedAt: now }
  const told = { at: now, version: id }
  const isNew = version === undefined
  const spawned = isNew ? announceTask(told, 'task.spawned', { ...record }, principal.tenant) : []
  const [result] = await engine.submit(principal, [
    {
      id,
      plan: planOf(parts, principal, record, id),
      name: `${record.type}-${record.id.slice(0, 8)}`,
      face: FACE,
      concurrency: [{ key: `livepeer/${principal.id}`, limit: options.mostRunning }],
      reservation: RESERVATION,
      refs: { task: record.id },
      labels: { 'livepeer.type': record.type },
      changes: [
        ...changes,
        putTask(principal.tenant, record, version),
        ...spawned,
        ...(isNew ? [putTaskKnown(record)] : []),
      ],
    },
  ])
  if (result?.kind !== 'accepted') throw new LivepeerError(500, 'Failed to enqueue task')
  parts.wake()
  return record
}

const REPORT_PATH = '/api/in-task/probed'

/** What the probing program shows when it reports. */
export interface ReportClaims {
  readonly tenant: string
  readonly task: string
  readonly execution: ExecutionId
}

function planOf(parts: LivepeerParts, principal: Principal, record: TaskRecord, execution: ExecutionId): Plan {
  const { tools } = parts
  if (record.send) return { steps: [mediaStep(tools, sendStep(parts, record))] }
  if (record.pin) return { steps: [mediaStep(tools, pinStep(parts, record.pin))] }
  if (!record.media) throw new LivepeerError(422, 'bad task parameters')
  const claims: ReportClaims = { tenant: principal.tenant, task: record.id, execution }
  return mediaPlan(tools, record.media, { path: REPORT_PATH, token: parts.reportTokens.mint(claims) })
}

function pinStep({ tools, options }: LivepeerParts, pin: PinTarget): Parameters<typeof mediaStep>[1] {
  const { ffmpeg, ffprobe, allowAddresses } = tools
  const job: PinJob = { ffmpeg, ffprobe, allowAddresses, ...pin, api: options.ipfsApi ?? '' }
  return { name: 'pin', group: 0, program: 'pin', job, network: true }
}

function sendStep({ tools }: LivepeerParts, { send }: TaskRecord): Parameters<typeof mediaStep>[1] {
  const { ffmpeg, ffprobe, allowAddresses } = tools
  const { directory, file, url, method, headers } = send!
  const job = { directory, ffmpeg, ffprobe, allowAddresses, file, url, method, headers }
  return { name: 'send', group: 0, program: 'send', job, network: true }
}
