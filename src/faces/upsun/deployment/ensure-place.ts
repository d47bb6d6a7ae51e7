import { createHash } from 'node:crypto'
import { changeAgain, put } from '../../kit/documents.ts'
import { shortId } from '../activity/activity-record.ts'
import { newInstant } from '../activity/instant-activity.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord, keyOf, type ProjectRecord } from '../documents.ts'
import { badRequest } from '../errors.ts'
import { userIdOf } from '../user-id.ts'
import type { DeployOptions } from './deploy-options.ts'

/** Runs of one environment at a time, as at the vendor (reference §3.2). */
const PARALLEL_TASKS = 3

export interface DeployPlace {
  readonly project: ProjectRecord
  readonly environment: EnvironmentRecord
}

/** Throws 400 for names that cannot be. */
export function checkPlace(where: { readonly project: string; readonly environment: string }): void {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(where.project))
    throw badRequest('project: an id consists of lower-case letters, digits and -')
  if (!/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/.test(where.environment))
    throw badRequest('environment: a name consists of letters, digits and ._/-')
}

/** Project and environment; made where they do not exist. Throws 400 for names that cannot be. */
export async function ensurePlace(
  call: Call,
  where: { readonly project: string; readonly environment: string },
  options: DeployOptions,
): Promise<DeployPlace> {
  checkPlace(where)
  const project = await changeAgain(() => ensureProject(call, where, options))
  return { project, environment: await changeAgain(() => ensureEnvironment(call, project, where.environment, options)) }
}

async function ensureProject(
  call: Call,
  where: { readonly project: string; readonly environment: string },
  options: DeployOptions,
): Promise<ProjectRecord> {
  const found = await call.engine.document<ProjectRecord>(call.tenant, COLLECTIONS.project, where.project)
  const before = found?.body ?? newProject(call, where)
  const project: ProjectRecord = {
    ...before,
    ...(options.title !== undefined && { title: options.title }),
    ...(options.timezone !== undefined && { timezone: options.timezone }),
    ...(options.parallelTasks !== undefined && { parallelTasks: options.parallelTasks }),
    updatedAt: call.engine.now(),
  }
  const expected = found?.version ?? 0
  const told = found ? [] : (await newInstant(call, { type: 'project.create', project: project.id })).changes
  await call.engine.saveDocuments([put(call.tenant, COLLECTIONS.project, project.id, project, { expected }), ...told])
  return project
}

function newProject(call: Call, where: { readonly project: string; readonly environment: string }): ProjectRecord {
  const now = call.engine.now()
  const key = createHash('sha256')
    .update(call.context.deriveKey('upsun/entropy'))
    .update(`${call.tenant}\n${where.project}`)
  const entropy = [...key.digest('hex')].join('').slice(0, 56).toUpperCase()
  return {
    ...{ id: where.project, title: where.project, timezone: 'UTC', entropy, owner: userIdOf(call.principal) },
    ...{ defaultBranch: where.environment, parallelTasks: PARALLEL_TASKS, createdAt: now, updatedAt: now },
  }
}

async function ensureEnvironment(
  call: Call,
  project: ProjectRecord,
  name: string,
  options: DeployOptions,
): Promise<EnvironmentRecord> {
  const key = keyOf(project.id, name)
  const found = await call.engine.document<EnvironmentRecord>(call.tenant, COLLECTIONS.environment, key)
  const before = found?.body ?? newEnvironment(call, project, name, options)
  const environment: EnvironmentRecord = {
    ...before,
    ...(options.type && { type: options.type }),
    ...(options.parent !== undefined && { parent: options.parent }),
    updatedAt: call.engine.now(),
  }
  const expected = found?.version ?? 0
  const created = { type: 'environment.branch', project: project.id, environment: name } as const
  const told = found ? [] : (await newInstant(call, created)).changes
  await call.engine.saveDocuments([put(call.tenant, COLLECTIONS.environment, key, environment, { expected }), ...told])
  return environment
}

function newEnvironment(call: Call, project: ProjectRecord, name: string, options: DeployOptions): EnvironmentRecord {
  const isMain = name === project.defaultBranch
  const now = call.engine.now()
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
  return {
    project: project.id,
    name,
    machineName: `${plain}-${shortId(`${project.id}/${name}`).slice(0, 7)}`,
    title: name,
    type: options.type ?? (isMain ? 'production' : 'development'),
    parent: options.parent ?? (isMain ? null : project.defaultBranch),
    createdAt: now,
    updatedAt: now,
  }
}
