import { put } from '../../kit/documents.ts'
import { oneAfterTheOther } from '../../kit/one-after-the-other.ts'
import { needUser, needView } from '../access.ts'
import { presentFound } from '../activity/find-activity.ts'
import { newInstant, presentInstant } from '../activity/instant-activity.ts'
import type { Call } from '../call.ts'
import { redeployed } from '../deployment/deploy.ts'
import { inTurn } from '../deployment/deployments-under-way.ts'
import { COLLECTIONS, findEnvironment, findProject, type VariableRecord } from '../documents.ts'
import { badRequest, notFound, UpsunError } from '../errors.ts'
import { isInherited, presentVariable } from '../variable/present-variable.ts'
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
  const seen = await seenAt(call, level)
  return [...seen.values()].map((v) => presentVariable(v, level))
}

/** By name; of an environment also what it inherits, the nearest of each. */
async function seenAt(call: Call, level: Level): Promise<ReadonlyMap<string, VariableRecord>> {
  const { project, environment } = level
  const all =
    environment === undefined
      ? await variablesAt(call.engine, call.tenant, level)
      : await variablesOfEnvironment(
          call.engine,
          call.tenant,
          await findEnvironment(call.engine, call.tenant, project, environment),
        )
  return new Map(all.map((v) => [v.name, v]))
}

export async function getVariable(call: Call, params: Params): Promise<object> {
  const level = await levelOf(call, params)
  return presentVariable(await find(call, level, params.variable), level)
}

async function find(call: Call, level: Level, name: string): Promise<VariableRecord> {
  const key = variableKey(level, name)
  const own = await call.engine.document<VariableRecord>(call.tenant, COLLECTIONS.variable, key)
  const found = own?.body ?? (await seenAt(call, level)).get(name)
  if (found) return found
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

/** Of one that is inherited: the environment gets its own, which stands before it. */
export const updateVariable = (call: Call, params: Params): Promise<object> =>
  changing(call, params, async (level) => {
    const before = await find(call, level, params.variable)
    const changed = await readVariable(call, level, readJson(call.body), before)
    const record = isInherited(before, level) ? { ...changed, createdAt: changed.updatedAt } : changed
    const { name } = record
    const document = put(call.tenant, COLLECTIONS.variable, variableKey(level, name), record)
    const told = await change(call, level, 'update', { name, record, document })
    return { ...accepted([told], presentVariable(record, level)), code: 200 }
  })

export const deleteVariable = (call: Call, params: Params): Promise<object> =>
  changing(call, params, async (level) => {
    const found = await find(call, level, params.variable)
    const { name } = found
    if (isInherited(found, level))
      throw badRequest(`${name} is inherited from ${found.environment}: delete it there, or override it here`)
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
