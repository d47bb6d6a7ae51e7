/**
 * A tree with its configuration becomes an activity: each task's build is registered, and an execution awaits the builds,
 * after the deployments that are under way. When it has succeeded, `react.ts` puts the deployment into its environment in
 * the same commit. Whoever calls has the environment's turn (U1).
 */
import { put } from '../../kit/documents.ts'
import { type ActivityRecord, activityIdOf, recordLabel, refsOf } from '../activity/activity-record.ts'
import type { DeployType } from '../activity/activity-type.ts'
import type { Found } from '../activity/find-activity.ts'
import { FACE } from '../auth.ts'
import type { Call } from '../call.ts'
import type { TaskConfig } from '../config/task-config.ts'
import {
  COLLECTIONS,
  type DeployedTask,
  type Deployment,
  type EnvironmentRecord,
  findEnvironment,
  findProject,
  type ProjectRecord,
  type PushedCommit,
} from '../documents.ts'
import { badRequest } from '../errors.ts'
import { DEFAULT_SIZE } from '../task/memory-of-task.ts'
import { buildStep } from '../task/plan-of-run.ts'
import { userIdOf } from '../user-id.ts'
import { type VariableChange, withChange } from '../variable/variable-change.ts'
import { variablesAt, variablesOfEnvironment } from '../variable/variable-store.ts'
import { registerBuild, type TreeBuildTask } from './build-of-tree.ts'
import { cancelOlderRuns } from './cancel-older-runs.ts'
import type { DeployOptions } from './deploy-options.ts'
import { awaitingSteps, deploymentKey, type Where } from './deployments-under-way.ts'

interface Source {
  readonly treeId: string
  /** Of the tree's archive. */
  readonly path: string
  readonly configs: readonly TaskConfig[]
  readonly commit?: PushedCommit
  readonly type: DeployType
  readonly change?: VariableChange
}

export interface PlannedDeployment {
  readonly source: Source
  readonly options: DeployOptions
  /** What it comes after, newest first. */
  readonly underWay: readonly Found[]
  /** What the newest of them will have deployed. */
  readonly base: Deployment | undefined
  /** The activity among them that must have succeeded. */
  readonly needed?: string
}

export async function submitDeployment(call: Call, where: Where, planned: PlannedDeployment): Promise<Found> {
  const { source, options, base } = planned
  const project = await findProject(call.engine, call.tenant, where.project)
  const environment = await findEnvironment(call.engine, call.tenant, where.project, where.environment)
  const projectVariables = await variablesAt(call.engine, call.tenant, { project: project.id })
  const builds = await registerBuilds(call, project, environment, projectVariables, planned)
  const id = call.engine.newExecutionId()
  const deployment: Deployment = {
    id: activityIdOf(id),
    type: source.type,
    activity: activityIdOf(id),
    treeId: source.treeId,
    ...(source.commit && { commit: source.commit }),
    tasks: source.configs.map((config) =>
      deployed(call, config, builds.get(config.name)!.key, base ?? environment.deployment, options),
    ),
    projectVariables,
    requestedAt: call.engine.now(),
    deployedAt: call.engine.now(),
  }
  const record: ActivityRecord = {
    activity: deployment.activity,
    type: source.type,
    ...(source.change && { variable: source.change.name }),
    ...{ project: project.id, environment: environment.name },
    ...{ user: userIdOf(call.principal), userName: call.principal.id },
    deployment: deployment.id,
    tasks: source.configs.map(({ name }) => name),
  }
  const [result] = await call.engine.submit(call.principal, [
    {
      id,
      plan: planOf(planned, builds, record),
      name: `deploy ${environment.name}`,
      face: FACE,
      key: deploymentKey(record.activity),
      retentionMs: call.options.retentionMs,
      refs: refsOf(record),
      changes: [
        put(call.tenant, COLLECTIONS.deployment, deployment.id, deployment),
        ...(source.change ? [source.change.document] : []),
      ],
    },
  ])
  if (result?.kind !== 'accepted') throw badRequest('the deployment was not accepted')
  const found = { execution: result.execution, record }
  tidyAfter(call, found)
  return found
}

/** By task. */
async function registerBuilds(
  call: Call,
  project: ProjectRecord,
  environment: EnvironmentRecord,
  projectVariables: Deployment['projectVariables'],
  { source, options }: PlannedDeployment,
): Promise<ReadonlyMap<string, TreeBuildTask>> {
  const { treeId, path: archive, configs, change } = source
  const now = await variablesOfEnvironment(call.engine, call.tenant, environment)
  const environmentVariables = change ? withChange(now, environment.name, change) : now
  const builds = new Map<string, TreeBuildTask>()
  for (const config of configs) {
    const tree = { project, config, treeId, archive, isStrict: options.isStrict }
    builds.set(config.name, await registerBuild(call, { ...tree, projectVariables, environmentVariables }))
  }
  return builds
}

/** A size that was chosen stays chosen. */
function deployed(
  call: Call,
  config: TaskConfig,
  build: string,
  base: Deployment | undefined,
  options: DeployOptions,
): DeployedTask {
  const before = base?.tasks.find((task) => task.config.name === config.name)
  const root = call.options.imageRoots[config.type]
  const chosen = options.sizes.get(config.name)
  const isSizeChosen = chosen !== undefined || before?.isSizeChosen === true
  return {
    config,
    build,
    ...(root !== undefined && { root }),
    size: chosen ?? before?.size ?? DEFAULT_SIZE,
    ...(isSizeChosen && { isSizeChosen }),
  }
}

function planOf(
  { underWay, needed }: PlannedDeployment,
  builds: ReadonlyMap<string, TreeBuildTask>,
  record: ActivityRecord,
) {
  const building = [...builds].map(([name, build]) => ({ ...buildStep(build.key, build.name, name), group: 1 }))
  const steps = [...awaitingSteps(underWay, needed), ...building]
  const last = steps.length - 1
  return { steps: steps.map((step, i) => (i === last ? { ...step, labels: recordLabel(record) } : step)) }
}

/** Cancels what it replaces, and takes away what is needed no more, when it has ended. */
function tidyAfter(call: Call, found: Found): void {
  const failed = (err: unknown): void => call.context.log.error({ err }, 'what a deployment replaced was not tidied up')
  void cancelOlderRuns(call.engine, call.tenant, found)
    .then(() => call.builds.sweep(call.tenant))
    .catch(failed)
}
