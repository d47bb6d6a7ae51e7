/** One run of a deployed task: an activity `environment.task`. */
import { idempotencyOf } from '../../kit/idempotency.ts'
import { type ActivityRecord, activityIdOf, recordOf, refsOf } from '../activity/activity-record.ts'
import type { Found } from '../activity/find-activity.ts'
import { FACE } from '../auth.ts'
import type { Call } from '../call.ts'
import { isVariableName } from '../config/read-task-parts.ts'
import { BUILD_REFS, buildTaskName } from '../deployment/build-of-tree.ts'
import type { DeployedTask, EnvironmentRecord, ProjectRecord } from '../documents.ts'
import { badRequest } from '../errors.ts'
import { userIdOf } from '../user-id.ts'
import { toolchainPath } from '../variable/declaration.ts'
import { effectiveVariables, type GivenVariables } from '../variable/effective-variables.ts'
import { platformVariables } from '../variable/platform-variables.ts'
import { variablesOfEnvironment } from '../variable/variable-store.ts'
import { isObject, onlyKeys, readJson } from '../wire/read-body.ts'
import { type Env, runEnvironment } from './in-task.ts'
import { planOfRun } from './plan-of-run.ts'
import { relationshipEnvironment } from './relationships-of-task.ts'

/** Throws 400 for variables that cannot be, 409 for an idempotency key used otherwise. */
export async function runTask(
  call: Call,
  project: ProjectRecord,
  environment: EnvironmentRecord,
  task: DeployedTask,
): Promise<Found> {
  const given = readTrigger(call.body)
  if (task.config.authorizations.length > 0) await call.tokens.open()
  const id = call.engine.newExecutionId()
  const record: ActivityRecord = {
    activity: activityIdOf(id),
    type: 'environment.task',
    project: project.id,
    environment: environment.name,
    user: userIdOf(call.principal),
    userName: call.principal.id,
    task: task.config.name,
    build: task.build,
    timeoutSeconds: task.config.timeoutSeconds,
    ...(task.config.authorizations.length > 0 && { authorizations: task.config.authorizations }),
    variables: Object.entries(given).flatMap(([prefix, values]) =>
      Object.keys(values).map((name) => `${prefix}:${name}`),
    ),
  }
  const env = await environmentOf(call, project, environment, task, given)
  const plan = planOfRun({ task, env, record, buildTask: buildTaskName(task.build) })
  const key = call.headers['idempotency-key']
  const request = {
    id,
    plan,
    name: task.config.name,
    face: FACE,
    concurrency: [{ key: `upsun/${project.id}/${environment.name}/tasks`, limit: project.parallelTasks }],
    retentionMs: call.options.retentionMs,
    refs: {
      ...refsOf(record),
      [BUILD_REFS.run]: task.build,
      ...(task.config.authorizations.length > 0 && { 'upsun.authorized': 'yes' }),
    },
  } as const
  const parameters = { project: project.id, environment: environment.name, task: task.config.name, given }
  const [result] = await call.engine.submit(
    call.principal,
    [request],
    idempotencyOf(typeof key === 'string' && key !== '' ? key : undefined, parameters),
  )
  if (result?.kind !== 'accepted') throw badRequest('the task was not accepted')
  return { execution: result.execution, record: recordOf(result.execution) ?? record }
}

function readTrigger(body: Buffer): GivenVariables {
  const input = readJson(body)
  onlyKeys(input, ['variables'])
  const { variables } = input
  if (variables === undefined || variables === null || isEmptyList(variables)) return {}
  if (!isObject(variables)) throw badRequest('variables: a mapping of prefix → name → value is needed')
  for (const [prefix, values] of Object.entries(variables)) checkPrefix(prefix, values)
  return variables as GivenVariables
}

/** PHP writes an empty mapping as a list. */
const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

function checkPrefix(prefix: string, values: unknown): void {
  if (isEmptyList(values)) return
  if (!isObject(values)) throw badRequest(`variables.${prefix}: a mapping of name → value is needed`)
  if (prefix !== 'env') return
  for (const [name, value] of Object.entries(values)) {
    if (!isVariableName(name)) throw badRequest(`variables.env.${name}: this cannot be the name of a variable`)
    if (typeof value === 'string' && value.includes('\0'))
      throw badRequest(`variables.env.${name}: a NUL byte cannot be passed`)
  }
}

async function environmentOf(
  call: Call,
  project: ProjectRecord,
  environment: EnvironmentRecord,
  { config }: DeployedTask,
  given: GivenVariables,
): Promise<Env> {
  const deployment = environment.deployment!
  const own = await variablesOfEnvironment(call.engine, call.tenant, environment)
  const variables = effectiveVariables(
    {
      config: config.variables,
      project: deployment.projectVariables,
      environment: own,
      run: given,
    },
    config.name,
    'runtime',
  )
  const declared = [...deployment.projectVariables, ...own]
  const toolchain = toolchainPath(config.type, declared)
  return runEnvironment({ project, environment, treeId: deployment.treeId, toolchain }, config, {
    env: variables.env,
    variables: await platformVariables(call, variables.platform),
    relationships: await relationshipEnvironment(call, config, declared),
  })
}
