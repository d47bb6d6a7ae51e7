import { asExecutionId } from '../../../core/identity.ts'
import { type App, type Build, COLLECTIONS, type Droplet, type Package, type ServiceBinding } from '../documents.ts'
import type { Call } from '../operation.ts'
import { auditChange } from '../operations/audit-events.ts'
import { isFinalTask, type TaskRecord } from '../task/task-record.ts'
import { type PlacedApp, processesOf } from './find-app.ts'
import { removeBits } from './remove-bits.ts'

const PATIENCE_MS = 30_000

/** The app and all it has. Running tasks are cancelled first; their records go with the app. */
export async function removeApp(call: Call, app: App, placed?: PlacedApp): Promise<void> {
  const { records } = call
  const index = { name: 'app', value: app.guid }
  for (const task of await records.all<TaskRecord>(COLLECTIONS.task, index)) await removeTask(call, task, placed)
  const droplets = await records.all<Droplet>(COLLECTIONS.droplet, index)
  const packages = await records.all<Package>(COLLECTIONS.package, index)
  const parts = [
    [COLLECTIONS.process, await processesOf(call, app.guid)],
    [COLLECTIONS.package, packages],
    [COLLECTIONS.build, await records.all<Build>(COLLECTIONS.build, index)],
    [COLLECTIONS.droplet, droplets],
    [COLLECTIONS.binding, await records.all<ServiceBinding>(COLLECTIONS.binding, index)],
  ] as const
  await records.save(
    ...parts.flatMap(([collection, bodies]) => bodies.map(({ guid }) => records.deleteOf(collection, guid))),
    records.deleteOf(COLLECTIONS.app, app.guid),
  )
  await removeBits(call, droplets, packages)
}

async function removeTask(call: Call, task: TaskRecord, placed: PlacedApp | undefined): Promise<void> {
  const { engine, caller, records } = call
  const id = asExecutionId(task.guid)
  if (!isFinalTask(task.state)) {
    await engine.stop(caller.tenant, id, { by: caller.name })
    if (placed)
      await records.save(auditChange(call, 'audit.app.task.cancel', placed, { task_guid: task.guid, request: {} }))
    await engine.waitFor(caller.tenant, id, () => false, PATIENCE_MS)
  }
  await engine.remove(caller.tenant, id).catch(() => undefined)
  await records.save(records.deleteOf(COLLECTIONS.task, task.guid))
}
