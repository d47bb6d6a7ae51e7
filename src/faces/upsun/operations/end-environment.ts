import { isFinal } from '../../../core/execution.ts'
import type { Document } from '../../../core/ports/store.ts'
import type { DocumentChange } from '../../../engine/reactor.ts'
import { changeAgain, put } from '../../kit/documents.ts'
import { needUser } from '../access.ts'
import type { InstantType } from '../activity/activity-type.ts'
import { newInstant, presentInstant } from '../activity/instant-activity.ts'
import type { Call } from '../call.ts'
import { inTurn } from '../deployment/deployments-under-way.ts'
import { COLLECTIONS, type EnvironmentRecord, findProject, keyOf } from '../documents.ts'
import { badRequest, notFound, UpsunError } from '../errors.ts'
import { cacheOf, volumesOf } from '../task/mounts-of-task.ts'
import { variableKey, variablesAt } from '../variable/variable-store.ts'
import { accepted } from '../wire/accepted.ts'
import type { Params } from './operation.ts'

const PATIENCE_MS = 20_000

/** Ends what runs there and deletes what its mounts stored; the next deployment makes it active again. */
export async function deactivateEnvironment(call: Call, params: Params): Promise<object> {
  needUser(call)
  return inTurn(call, params, () => deactivate(call, params))
}

async function deactivate(call: Call, { project, environment }: Params): Promise<object> {
  await readEnvironment(call, project, environment)
  await endAll(call, project, environment)
  await call.engine.removeShared(call.tenant, volumesOf({ project, environment }))
  return changed(call, 'environment.deactivate', project, environment, ({ body: found, version: expected }) => {
    const { deployment: _, ...body } = { ...found, updatedAt: call.engine.now() }
    return [put(call.tenant, COLLECTIONS.environment, keyOf(project, environment), body, { expected })]
  })
}

/** Throws 400 for one that is active, as the vendor does, and for the project's main one. */
export async function deleteEnvironment(call: Call, params: Params): Promise<object> {
  needUser(call)
  return inTurn(call, params, () => remove(call, params))
}

async function remove(call: Call, { project, environment }: Params): Promise<object> {
  const { body: found } = await readEnvironment(call, project, environment)
  if (found.parent === null) throw badRequest('the main environment of a project cannot be deleted')
  if (found.deployment) throw badRequest('an active environment cannot be deleted: deactivate it first')
  await endAll(call, project, environment)
  const { tenant } = call
  const own = await variablesAt(call.engine, tenant, { project, environment })
  return changed(call, 'environment.delete', project, environment, () => [
    { kind: 'document.delete', tenant, collection: COLLECTIONS.environment, key: keyOf(project, environment) },
    ...own.map(({ name }): DocumentChange => {
      const key = variableKey({ project, environment }, name)
      return { kind: 'document.delete', tenant, collection: COLLECTIONS.variable, key }
    }),
  ])
}

/** What hooks kept in PLATFORM_CACHE_DIR. */
export async function clearBuildCache(call: Call, { project }: Params): Promise<object> {
  needUser(call)
  await findProject(call.engine, call.tenant, project)
  await call.engine.removeShared(call.tenant, cacheOf(project))
  const { activity, changes } = await newInstant(call, { type: 'project.clear_build_cache', project })
  await call.engine.saveDocuments(changes)
  return accepted([presentInstant(activity)])
}

async function changed(
  call: Call,
  type: InstantType,
  project: string,
  environment: string,
  change: (found: Document<EnvironmentRecord>) => readonly DocumentChange[],
): Promise<object> {
  const activity = await changeAgain(async () => {
    const found = await readEnvironment(call, project, environment)
    const told = await newInstant(call, { type, project, environment })
    await call.engine.saveDocuments([...change(found), ...told.changes])
    return told.activity
  })
  return accepted([presentInstant(activity)])
}

async function readEnvironment(call: Call, project: string, name: string): Promise<Document<EnvironmentRecord>> {
  const key = keyOf(project, name)
  const found = await call.engine.document<EnvironmentRecord>(call.tenant, COLLECTIONS.environment, key)
  if (!found) throw notFound('environment', name)
  return found
}

/** Throws 409 when something will not end in time. */
async function endAll(call: Call, project: string, environment: string): Promise<void> {
  const filter = { active: true, refs: { 'upsun.environment': `${project}/${environment}` } }
  const reason = { message: `the environment ${environment} was deactivated`, by: call.principal.id }
  for (const deadline = call.engine.now() + PATIENCE_MS; call.engine.now() < deadline; ) {
    const { items } = await call.engine.executions(call.tenant, filter, { limit: 100 })
    if (items.length === 0) return
    for (const { id } of items) await call.engine.stop(call.tenant, id, reason)
    for (const { id } of items) await call.engine.waitFor(call.tenant, id, isFinal, PATIENCE_MS)
  }
  throw new UpsunError(409, 'what runs on the environment has not ended yet; try again')
}
