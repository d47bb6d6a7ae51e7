import { asExecutionId } from '../../../core/identity.ts'
import { type App, type Build, COLLECTIONS, type Droplet, type Package, type ServiceBinding } from '../documents.ts'
import type { Call } from '../operation.ts'
import { auditChange } from '../operations/audit-events.ts'
import { changedTasks } from '../task/list-tasks.ts'
import { endSeriesOf } from '../task/series.ts'
import { isFinalTask, type TaskRecord } from '../task/task-record.ts'
import { type PlacedApp, processesOf } from './find-app.ts'
import { removeBits } from './remove-bits.ts'

const PATIENCE_MS = 30_000

/** The app and all it has. Running tasks are cancelled first; their records go with the app. */
export async function removeApp(call: Call, app: App, placed?: PlacedApp): Promise<void> {
  const { records } = call
  const index = { name: 'app', value: app.guid }
  await endSeriesOf(call, app.guid)
  await removeTasks(call, await records.all<TaskRecord>(COLLECTIONS.task, index), placed)
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

/** So many at once: they share commits. */
const AT_ONCE = 100

async function removeTasks(call: Call, tasks: readonly TaskRecord[], placed: PlacedApp | undefined): Promise<void> {
  await Promise.all(tasks.filter((task) => !isFinalTask(task.state)).map((task) => cancelTask(call, task, placed)))
  for (let i = 0; i < tasks.length; i += AT_ONCE)
    await Promise.all(tasks.slice(i, i + AT_ONCE).map((task) => removeTask(call, task)))
}

async function cancelTask({ engine, caller, records }: Call, task: TaskRecord, placed?: PlacedApp): Promise<void> {
  const id = asExecutionId(task.guid)
  await engine.stop(caller.tenant, id, { by: caller.name })
  if (placed) await records.save(auditChange({ caller, records }, 'audit.app.task.cancel', placed, task))
  await engine.waitFor(caller.tenant, id, () => false, PATIENCE_MS)
}

async function removeTask({ engine, caller, records }: Call, task: TaskRecord): Promise<void> {
  await engine.remove(caller.tenant, asExecutionId(task.guid)).catch(() => undefined)
  await records.save(records.deleteOf(COLLECTIONS.task, task.guid))
  changedTasks()
}
