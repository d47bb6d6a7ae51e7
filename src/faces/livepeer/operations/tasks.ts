import { isFinal } from '../../../core/execution.ts'
import { changeAgain } from '../../kit/documents.ts'
import type { AssetRecord } from '../asset/asset-record.ts'
import { isAdmin } from '../auth.ts'
import { COLLECTIONS, FACE_TENANT, putAsset, putTask } from '../documents.ts'
import { badRequest, forbidden, notFound, unprocessable } from '../errors.ts'
import { type Call, created, NO_CONTENT, type Operation, ok } from '../operation.ts'
import { findTask } from '../task/find-task.ts'
import { statusOf } from '../task/life-cycle.ts'
import { pinContent } from '../task/pin-task.ts'
import { executionOf, presentTask, showTask } from '../task/present-task.ts'
import { restartTask } from '../task/restart-task.ts'
import type { TaskPhase, TaskRecord } from '../task/task-record.ts'
import { announceAsset, announceTask } from '../webhook/announce.ts'
import { bodyOf } from '../wire/check-body.ts'
import { listed } from '../wire/list.ts'
import { NewTask } from '../wire/schemas.ts'

const readTask = bodyOf(NewTask)

/** GET /task/:id */
export const getTask: Operation = async ({ engine, tenant, principal, params }) => {
  const found = await engine.document<TaskRecord>(tenant, COLLECTIONS.task, params.id!)
  if (found) return ok(await showTask(engine, tenant, found.body, { step: isAdmin(principal) }))
  const isKnown = await engine.document(FACE_TENANT, COLLECTIONS.taskKnown, params.id!)
  throw isKnown ? forbidden('user can only request information on their own tasks') : notFound()
}

const FIELDS: Readonly<Record<string, (task: TaskRecord) => unknown>> = {
  id: (t) => t.id,
  name: (t) => t.id,
  createdAt: (t) => t.createdAt,
  updatedAt: (t) => t.updatedAt,
  userId: (t) => t.userId,
  'user.email': () => undefined,
  type: (t) => t.type,
  inputAssetId: (t) => t.inputAssetId,
  outputAssetId: (t) => t.outputAssetId,
  projectId: (t) => t.userId,
}

/** GET /task. Beyond Studio: a filter `phase`. */
export const listTasks: Operation = async (call) => {
  const { engine, tenant } = call
  const { filters, phase } = withoutPhase(call.query.filters)
  const asked: Call = { ...call, query: { ...call.query, ...(filters !== undefined && { filters }) } }
  return listed<TaskRecord>(asked, {
    collection: COLLECTIONS.task,
    fields: FIELDS,
    likeFields: ['name', 'user.email'],
    test: async (task) => phase === undefined || (await phaseNow(call, task)) === phase,
    show: (task) => showTask(engine, tenant, task),
  })
}

/** Of what goes on the record does not know it; there are never many of these. */
async function phaseNow({ engine, tenant }: Call, task: TaskRecord): Promise<TaskPhase> {
  return statusOf(task, await executionOf(engine, tenant, task)).phase
}

function withoutPhase(text: string | undefined): { readonly filters?: string; readonly phase?: string } {
  if (!text?.includes('"phase"')) return {}
  try {
    const all = JSON.parse(text) as readonly { readonly id?: unknown; readonly value?: unknown }[]
    const found = all.find((filter) => filter?.id === 'phase')
    return { filters: JSON.stringify(all.filter((f) => f !== found)), ...(found && { phase: String(found.value) }) }
  } catch {
    return {}
  }
}

/** POST /task/:id/retry */
export const retryTask: Operation = async ({ parts, engine, principal, tenant, params }) => {
  const found = await findTask(engine, tenant, params.id!, 'task not found')
  const phase = found.body.end?.phase
  // The keys of its bucket were erased when it ended.
  if ((phase !== 'failed' && phase !== 'cancelled') || found.body.transcode)
    throw badRequest('task is not in a retryable state')
  await restartTask(parts, principal, found)
  return ok({ id: found.body.id })
}

/** How long its end is waited for, ms: what runs is killed at once. */
const CANCEL_PATIENCE_MS = 15_000

/** POST /task/:id/cancel: ours, not Studio's. Answers when nothing of it runs any more. */
export const cancelTask: Operation = async (call) => {
  const { engine, tenant, params } = call
  const found = await findTask(engine, tenant, params.id!, 'task not found')
  if (found.body.end) throw badRequest('task is not in a cancellable state')
  const { execution } = found.body
  if (execution === undefined) return ok(await cancelPending(call))
  await engine.stop(tenant, execution, { message: 'cancelled by its user', by: call.principal.id, graceMs: 0 })
  await engine.waitFor(tenant, execution, isFinal, CANCEL_PATIENCE_MS)
  const { body } = await findTask(engine, tenant, params.id!)
  return ok(presentTask(body, await executionOf(engine, tenant, body)))
}

/** It still waits for its upload. */
function cancelPending({ parts, engine, tenant, params }: Call): Promise<object> {
  return changeAgain(async () => {
    const task = await findTask(engine, tenant, params.id!)
    if (task.body.end || task.body.execution) throw badRequest('task is not in a cancellable state')
    const at = engine.now()
    const record: TaskRecord = { ...task.body, updatedAt: at, end: { phase: 'cancelled', at, retries: 0 } }
    const asset = await engine.document<AssetRecord>(tenant, COLLECTIONS.asset, record.outputAssetId ?? '')
    const failed = asset && {
      ...asset.body,
      phase: 'failed' as const,
      updatedAt: at,
      errorMessage: 'task was cancelled',
    }
    const told = { at, version: 'cancelled' }
    await engine.saveDocuments([
      putTask(tenant, record, task.version),
      ...announceTask(told, 'task.updated', record, tenant),
      ...announceTask(told, 'task.failed', record, tenant),
      ...(asset && failed
        ? [putAsset(tenant, failed, asset.version), ...announceAsset(told, 'asset.failed', failed, tenant)]
        : []),
    ])
    parts.wake()
    return presentTask(record, undefined)
  })
}

/** POST /task: of an operator's key, for what no other call makes. */
export const createTask: Operation = async (call) => {
  if (!isAdmin(call.principal)) throw forbidden('user does not have admin priviledges')
  const { type, params } = readTask(call.body)
  if (type !== 'export-data' || !params?.exportData)
    throw unprocessable('only export-data tasks are created by themselves')
  return created(presentTask(await pinContent(call, params.exportData), undefined))
}

/** DELETE /task/:id */
export const deleteTask: Operation = async ({ engine, tenant, principal, params }) => {
  if (!isAdmin(principal)) throw forbidden('user does not have admin priviledges')
  const { body } = await findTask(engine, tenant, params.id!)
  if (!body.end) throw badRequest('task is still active')
  const gone = { kind: 'document.delete', key: body.id } as const
  await engine.saveDocuments([
    { ...gone, tenant, collection: COLLECTIONS.task },
    { ...gone, tenant: FACE_TENANT, collection: COLLECTIONS.taskKnown },
  ])
  return NO_CONTENT
}
