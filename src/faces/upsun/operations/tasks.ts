import { needTask, needView } from '../access.ts'
import { presentFound } from '../activity/find-activity.ts'
import type { Call } from '../call.ts'
import { type DeployedTask, type EnvironmentRecord, findEnvironment, findProject } from '../documents.ts'
import { environmentPath } from '../environment/present-environment.ts'
import { notFound } from '../errors.ts'
import { presentTask } from '../task/present-task.ts'
import { runTask as submitRun } from '../task/run-task.ts'
import { accepted } from '../wire/accepted.ts'
import type { Params } from './operation.ts'

export async function listTasks(call: Call, { project, environment }: Params): Promise<object> {
  needView(call, project, environment)
  await findProject(call.engine, call.tenant, project)
  const found = await findEnvironment(call.engine, call.tenant, project, environment)
  const base = environmentPath(project, environment)
  return (found.deployment?.tasks ?? []).map((task) => presentTask(task, base))
}

export async function getTask(call: Call, params: Params): Promise<object> {
  needTask(call, params.project, params.environment, params.task, 'view')
  await findProject(call.engine, call.tenant, params.project)
  const found = await findEnvironment(call.engine, call.tenant, params.project, params.environment)
  return presentTask(taskOf(found, params.task), environmentPath(params.project, params.environment))
}

export async function runTask(call: Call, params: Params): Promise<object> {
  needTask(call, params.project, params.environment, params.task, 'operate')
  const project = await findProject(call.engine, call.tenant, params.project)
  const environment = await findEnvironment(call.engine, call.tenant, params.project, params.environment)
  const found = await submitRun(call, project, environment, taskOf(environment, params.task))
  return accepted([presentFound(call, found)])
}

function taskOf({ deployment }: EnvironmentRecord, name: string): DeployedTask {
  const task = deployment?.tasks.find(({ config }) => config.name === name)
  if (!task) throw notFound('task', name)
  return task
}
