import { put } from '../../kit/documents.ts'
import { oneAfterTheOther } from '../../kit/one-after-the-other.ts'
import { needUser, needView } from '../access.ts'
import { presentFound } from '../activity/find-activity.ts'
import { newInstant, presentInstant } from '../activity/instant-activity.ts'
import type { Call } from '../call.ts'
import { redeployed } from '../deployment/deploy.ts'
import { inTurn } from '../deployment/deployments-under-way.ts'
import { COLLECTIONS, findEnvironment, findProject, type VariableRecord } from '../documents.ts'
import { notFound, UpsunError } from '../errors.ts'
import { presentVariable } from '../variable/present-variable.ts'
import { readVariable } from '../variable/read-variable.ts'
import type { VariableChange } from '../variable/variable-change.ts'
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

/** Changes of one level's variables come one after the other: none is lost to another. */
async function changing(call: Call, params: LevelParams, work: (level: Level) => Promise<object>): Promise<object> {
  needUser(call)
  const level = await levelOf(call, params)
  const { project, environment } = level
  return environment === undefined
    ? oneAfterTheOther(`upsun/${call.tenant}/${project}`, () => work(level))
    : inTurn(call, { project, environment }, () => work(level))
}

export const createVariable = (call: Call, params: LevelParams): Promise<object> =>
  changing(call, params, async (level) => {
    const record = await readVariable(call, level, readJson(call.body), undefined)
    const { name } = record
    const key = variableKey(level, name)
    if (await call.engine.document(call.tenant, COLLECTIONS.variable, key))
      throw new UpsunError(409, `a variable named ${name} exists already`, { name: 'exists already' })
    const document = put(call.tenant, COLLECTIONS.variable, key, record, { expected: 0 })
    const told = await change(call, level, 'create', { name, record, document })
    return { ...accepted([told], presentVariable(record, level)), code: 201 }
  })

export const updateVariable = (call: Call, params: Params): Promise<object> =>
  changing(call, params, async (level) => {
    const before = await find(call, level, params.variable)
    const record = await readVariable(call, level, readJson(call.body), before)
    const { name } = record
    const document = put(call.tenant, COLLECTIONS.variable, variableKey(level, name), record)
    const told = await change(call, level, 'update', { name, record, document })
    return { ...accepted([told], presentVariable(record, level)), code: 200 }
  })

export const deleteVariable = (call: Call, params: Params): Promise<object> =>
  changing(call, params, async (level) => {
    const { name } = await find(call, level, params.variable)
    const key = variableKey(level, name)
    const gone = { kind: 'document.delete', tenant: call.tenant, collection: COLLECTIONS.variable, key } as const
    return { ...accepted([await change(call, level, 'delete', { name, document: gone })]), code: 200 }
  })

/**
 * The change and its activity, in one commit: where something is deployed a deployment, as the vendor makes one
 * (reference §5.1). One that cannot be deployed is not made.
 */
async function change(
  call: Call,
  { project, environment }: Level,
  what: 'create' | 'update' | 'delete',
  changed: VariableChange,
): Promise<object> {
  const { name: variable, document } = changed
  if (environment !== undefined) {
    const cause = { type: `environment.variable.${what}`, change: changed } as const
    const found = await redeployed(call, { project, environment }, cause)
    if (found) return presentFound(call, found)
  }
  const done =
    environment === undefined
      ? ({ type: `project.variable.${what}`, project, variable } as const)
      : ({ type: `environment.variable.${what}`, project, environment, variable } as const)
  const { activity, changes } = await newInstant(call, done)
  await call.engine.saveDocuments([document, ...changes])
  return presentInstant(activity)
}
