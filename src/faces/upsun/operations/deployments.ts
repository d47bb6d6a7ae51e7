import { changeAgain, put } from '../../kit/documents.ts'
import { needUser, needView } from '../access.ts'
import { newInstant, presentInstant } from '../activity/instant-activity.ts'
import type { Call } from '../call.ts'
import { presentDeployment } from '../deployment/present-deployment.ts'
import {
  COLLECTIONS,
  type Deployment,
  type EnvironmentRecord,
  findEnvironment,
  findProject,
  keyOf,
} from '../documents.ts'
import { badRequest, notFound } from '../errors.ts'
import { SIZES } from '../task/memory-of-task.ts'
import { variablesOfEnvironment } from '../variable/variable-store.ts'
import { accepted } from '../wire/accepted.ts'
import { isObject, readJson } from '../wire/read-body.ts'
import type { Params } from './operation.ts'

export async function getDeployment(call: Call, params: Params): Promise<object> {
  const { project, environment, deployment: id } = params
  needView(call, project, environment)
  const found = await findProject(call.engine, call.tenant, project)
  const place = await findEnvironment(call.engine, call.tenant, project, environment)
  const { deployment } = place
  if (!deployment || !['current', 'next', deployment.id].includes(id)) throw notFound('deployment', id)
  const own = await variablesOfEnvironment(call.engine, call.tenant, place)
  return presentDeployment(id, found, place, deployment, own)
}

/** `resources:set`: `{tasks: {name: {resources: {profile_size}}}}`. A run takes the size it finds. */
export async function patchDeployment(call: Call, params: Params): Promise<object> {
  needUser(call)
  const { project, environment } = params
  const sizes = sizesOf(readJson(call.body))
  const place = await findProject(call.engine, call.tenant, project)
  const { activity, body } = await changeAgain(async () => {
    const key = keyOf(project, environment)
    const found = await call.engine.document<EnvironmentRecord>(call.tenant, COLLECTIONS.environment, key)
    const deployment = found?.body.deployment
    if (!found || !deployment) throw notFound('deployment', 'next')
    const body: EnvironmentRecord = {
      ...found.body,
      deployment: resized(deployment, sizes),
      updatedAt: call.engine.now(),
    }
    const saved = put(call.tenant, COLLECTIONS.environment, key, body, { expected: found.version })
    const { activity, changes } = await newInstant(call, { type: 'environment.resources.update', project, environment })
    await call.engine.saveDocuments([saved, ...changes])
    return { activity, body }
  })
  const own = await variablesOfEnvironment(call.engine, call.tenant, body)
  return accepted([presentInstant(activity)], presentDeployment('next', place, body, body.deployment!, own))
}

function sizesOf(body: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const { tasks = {} } = body
  if (!isObject(tasks)) throw badRequest('tasks: a mapping of name → resources is needed')
  return new Map(
    Object.entries(tasks).flatMap(([name, change]) => {
      const resources = isObject(change) && isObject(change.resources) ? change.resources : {}
      const size = resources.profile_size
      if (size === undefined || size === null) return []
      if (!SIZES.includes(String(size))) throw badRequest(`tasks.${name}: no such size; there are ${SIZES.join(', ')}`)
      return [[name, String(size)] as const]
    }),
  )
}

function resized(deployment: Deployment, sizes: ReadonlyMap<string, string>): Deployment {
  const known = new Set(deployment.tasks.map(({ config }) => config.name))
  for (const name of sizes.keys()) if (!known.has(name)) throw notFound('task', name)
  return { ...deployment, tasks: deployment.tasks.map((t) => ({ ...t, size: sizes.get(t.config.name) ?? t.size })) }
}
