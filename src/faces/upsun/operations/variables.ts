import type { DocumentChange } from '../../../engine/reactor.ts'
import { put } from '../../kit/documents.ts'
import { needUser, needView } from '../access.ts'
import { presentFound } from '../activity/find-activity.ts'
import { newInstant, presentInstant } from '../activity/instant-activity.ts'
import type { Call } from '../call.ts'
import { redeploy } from '../deployment/deploy.ts'
import { COLLECTIONS, findEnvironment, findProject, type VariableRecord } from '../documents.ts'
import { notFound, UpsunError } from '../errors.ts'
import { presentVariable } from '../variable/present-variable.ts'
import { readVariable } from '../variable/read-variable.ts'
import { type Level, variableKey, variablesAt, variablesOfEnvironment } from '../variable/variable-store.ts'
import { accepted } from '../wire/accepted.ts'
import { readJson } from '../wire/read-body.ts'
import type { Params } from './operation.ts'

type LevelParams = Pick<Params, 'project'> & Partial<Params>

async function levelOf(call: Call, { project, environment }: LevelParams): Promise<Level> {
  if (environment === undefined) needUser(call)
  else needView(call, project, environment)
  await findProject(call.engine, call.tenant, project)
  if (environment === undefined) return { project }
  await findEnvironment(call.engine, call.tenant, project, environment)
  return { project, environment }
}

export async function listVariables(call: Call, params: LevelParams): Promise<object> {
  const level = await levelOf(call, params)
  if (level.environment === undefined)
    return (await variablesAt(call.engine, call.tenant, level)).map((v) => presentVariable(v, level))
  const environment = await findEnvironment(call.engine, call.tenant, level.project, level.environment)
  const all = await variablesOfEnvironment(call.engine, call.tenant, environment)
  const nearest = new Map(all.map((v) => [v.name, v]))
  return [...nearest.values()].map((v) => presentVariable(v, level))
}

export async function getVariable(call: Call, params: Params): Promise<object> {
  const level = await levelOf(call, params)
  return presentVariable(await find(call, level, params.variable), level)
}

async function find(call: Call, level: Level, name: string): Promise<VariableRecord> {
  const key = variableKey(level, name)
  const found = await call.engine.document<VariableRecord>(call.tenant, COLLECTIONS.variable, key)
  if (found) return found.body
  throw notFound('variable', name)
}

export async function createVariable(call: Call, params: LevelParams): Promise<object> {
  needUser(call)
  const level = await levelOf(call, params)
  const record = await readVariable(call, level, readJson(call.body), undefined)
  const key = variableKey(level, record.name)
  if (await call.engine.document(call.tenant, COLLECTIONS.variable, key))
    throw new UpsunError(409, `a variable named ${record.name} exists already`, { name: 'exists already' })
  const saved = put(call.tenant, COLLECTIONS.variable, key, record, { expected: 0 })
  return {
    ...accepted([await change(call, level, 'create', saved, record.name)], presentVariable(record, level)),
    code: 201,
  }
}

export async function updateVariable(call: Call, params: Params): Promise<object> {
  needUser(call)
  const level = await levelOf(call, params)
  const before = await find(call, level, params.variable)
  const record = await readVariable(call, level, readJson(call.body), before)
  const saved = put(call.tenant, COLLECTIONS.variable, variableKey(level, record.name), record)
  return {
    ...accepted([await change(call, level, 'update', saved, record.name)], presentVariable(record, level)),
    code: 200,
  }
}

export async function deleteVariable(call: Call, params: Params): Promise<object> {
  needUser(call)
  const level = await levelOf(call, params)
  await find(call, level, params.variable)
  const key = variableKey(level, params.variable)
  const gone = { kind: 'document.delete', tenant: call.tenant, collection: COLLECTIONS.variable, key } as const
  return { ...accepted([await change(call, level, 'delete', gone, params.variable)]), code: 200 }
}

/** The change and its activity: of an environment that is deployed a deployment, as the vendor makes one (reference §5.1). */
async function change(
  call: Call,
  { project, environment }: Level,
  what: 'create' | 'update' | 'delete',
  document: DocumentChange,
  variable: string,
): Promise<object> {
  const place =
    environment === undefined ? undefined : await findEnvironment(call.engine, call.tenant, project, environment)
  if (place?.deployment) {
    await call.engine.saveDocuments([document])
    const cause = { type: `environment.variable.${what}`, variable } as const
    return presentFound(call, await redeploy(call, { project, environment: place.name }, cause))
  }
  const done = place
    ? ({ type: `environment.variable.${what}`, project, environment: place.name, variable } as const)
    : ({ type: `project.variable.${what}`, project, variable } as const)
  const { activity, changes } = await newInstant(call, done)
  await call.engine.saveDocuments([document, ...changes])
  return presentInstant(activity)
}
