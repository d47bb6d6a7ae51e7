/** `POST /v3/apps/:guid/tasks`: the checks in Cloud Controller's order, then one submission. */
import { randomBytes } from 'node:crypto'
import { isEngineError } from '../../../core/engine-error.ts'
import type { ExecutionId } from '../../../core/identity.ts'
import type { Plan } from '../../../core/plan.ts'
import type { DocumentChange } from '../../../engine/reactor.ts'
import { oneAfterTheOther } from '../../kit/one-after-the-other.ts'
import type { PlacedApp } from '../app/find-app.ts'
import { findApp, orgOf, processesOf } from '../app/find-app.ts'
import { FACE } from '../auth.ts'
import { COLLECTIONS, type Droplet, type Org, type Process } from '../documents.ts'
import {
  featureDisabled,
  notFound,
  processNotFound,
  taskWorkersUnavailable,
  unknownError,
  unprocessable,
} from '../errors.ts'
import type { Call } from '../operation.ts'
import { auditChange } from '../operations/audit-events.ts'
import { featureEnabled } from '../operations/settings.ts'
import { parseTask, sizesOf, type TaskMessage, type TaskSizes } from './parse-task.ts'
import { planNow } from './plan-now.ts'
import { checkQuota, hasQuota } from './quota.ts'
import { endSeries, keepSeries, refsOf, seriesOf } from './series.ts'
import type { TaskRecord, TaskWish } from './task-record.ts'

const NO_DROPLET = 'Task must have a droplet. Specify droplet or assign current droplet to app.'

export async function createTask(call: Call): Promise<TaskRecord> {
  if (!call.access.isAdmin && !(await featureEnabled(call, 'task_creation'))) throw featureDisabled('task_creation')
  const message = parseTask(call.body(), call.param('guid'))
  const placed = await findApp(call, call.param('guid'))
  await call.access.checkWriteSpace(placed.place)
  const template = message.process === undefined ? undefined : await templateOf(call, placed, message.process)
  const droplet = await dropletOf(call, placed, message)
  const command = template && (template.command ?? droplet.processTypes[template.type])
  const sizes = sizesOf(message, template, command, call.options)
  const org = await orgOf(call, placed.space.org)
  const create = (): Promise<TaskRecord> => submitTask(call, placed, org, message, droplet, sizes)
  if (!(await hasQuota(call, org, placed.space))) return create()
  return oneAfterTheOther(`cloudfoundry/${call.caller.tenant}/${org.guid}`, async () => {
    await checkQuota(call, org, placed.space, sizes)
    return create()
  })
}

async function templateOf(call: Call, { app }: PlacedApp, guid: string): Promise<Process> {
  const found = (await processesOf(call, app.guid)).find((process) => process.guid === guid)
  if (!found) throw processNotFound()
  return found
}

async function dropletOf(call: Call, { app }: PlacedApp, message: TaskMessage): Promise<Droplet> {
  const guid = message.droplet ?? app.droplet
  if (guid === undefined) throw unprocessable(NO_DROPLET)
  const droplet = await call.records.find<Droplet>(COLLECTIONS.droplet, guid)
  if (!droplet || droplet.app !== app.guid) {
    if (message.droplet !== undefined) throw notFound('Droplet')
    throw unprocessable(NO_DROPLET)
  }
  if (droplet.state !== 'STAGED') throw unprocessable(NO_DROPLET)
  return droplet
}

async function submitTask(
  call: Call,
  placed: PlacedApp,
  org: Org,
  message: TaskMessage,
  droplet: Droplet,
  sizes: TaskSizes,
): Promise<TaskRecord> {
  const { engine, records } = call
  const id = engine.newExecutionId()
  const series = message.schedule && seriesOf(id)
  const wish = { ...wishOf(placed, org, message, droplet, sizes), ...(series !== undefined && { series }) }
  const plan = await planNow(call, placed, wish, droplet)
  if (series !== undefined && message.schedule)
    await keepSeries(call, { ...wish, series }, plan, message.schedule, message.problems)
  const audit = auditChange(call, 'audit.app.task.create', placed, { ...wish, guid: id })
  try {
    await submitPlan(call, id, wish, plan, message, audit)
  } catch (error) {
    if (series !== undefined) await endSeries(call, [series])
    throw asTaskError(error)
  }
  const task = await records.find<TaskRecord>(COLLECTIONS.task, id)
  if (!task) throw unknownError()
  return task
}

const submitPlan = (
  { engine, caller, options, records }: Call,
  id: ExecutionId,
  wish: TaskWish,
  plan: Plan,
  message: TaskMessage,
  audit: DocumentChange,
): Promise<unknown> =>
  engine.submit(caller.principal, [
    {
      id,
      plan,
      name: wish.name,
      face: FACE,
      ...message.wishes,
      expiresAt: records.now() + options.pendingLimitMs,
      expiryIgnoresCapacity: true,
      refs: refsOf(wish),
      labels: message.metadata.labels,
      retentionMs: options.retentionMs,
      changes: [audit],
    },
  ])

/** An engine that cannot take tasks now is what Cloud Controller says of a Diego that cannot. */
function asTaskError(error: unknown): unknown {
  const isBusy = isEngineError(error, 'unavailable') || isEngineError(error, 'exhausted')
  return isBusy ? taskWorkersUnavailable((error as Error).message) : error
}

const wishOf = (
  { app, space }: PlacedApp,
  org: Org,
  message: TaskMessage,
  droplet: Droplet,
  sizes: TaskSizes,
): TaskWish => ({
  app: app.guid,
  space: space.guid,
  org: org.guid,
  appName: app.name,
  spaceName: space.name,
  name: message.name ?? randomBytes(4).toString('hex'),
  ...sizes,
  droplet: droplet.guid,
  ...(message.droplet !== undefined && { pinsDroplet: true }),
  ...(message.env && { env: message.env }),
  metadata: message.metadata,
})
