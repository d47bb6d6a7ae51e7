/**
 * A deployment: the tree is kept, its configuration checked, each task's build registered, and an activity
 * `environment.push` awaits the builds. When it has succeeded, `react.ts` puts the deployment into its environment in the
 * same commit.
 */
import type { Readable } from 'node:stream'
import type { ExecutionId } from '../../../core/identity.ts'
import { put } from '../../kit/documents.ts'
import { type ActivityRecord, activityIdOf, recordLabel, refsOf } from '../activity/activity-record.ts'
import type { DeployType } from '../activity/activity-type.ts'
import type { Found } from '../activity/find-activity.ts'
import { FACE } from '../auth.ts'
import type { Call } from '../call.ts'
import { CONFIG_PATH, parseConfig } from '../config/parse-config.ts'
import { readArchive } from '../config/read-archive.ts'
import type { TaskConfig } from '../config/task-config.ts'
import {
  COLLECTIONS,
  type DeployedTask,
  type Deployment,
  type EnvironmentRecord,
  findEnvironment,
  findProject,
  type PushedCommit,
} from '../documents.ts'
import { badRequest, notFound } from '../errors.ts'
import { DEFAULT_SIZE } from '../task/memory-of-task.ts'
import { buildStep } from '../task/plan-of-run.ts'
import { userIdOf } from '../user-id.ts'
import { variablesAt, variablesOfEnvironment } from '../variable/variable-store.ts'
import { registerBuild, type TreeBuildTask } from './build-of-tree.ts'
import { cancelOlderRuns } from './cancel-older-runs.ts'
import { type DeployOptions, readDeployOptions } from './deploy-options.ts'
import { type DeployPlace, ensurePlace } from './ensure-place.ts'
import { UPLOADS } from './forget-uploads.ts'
import { treeKey } from './tree-key.ts'

/** Takes a tree and deploys it. Throws 400 for what is no tree, or has no good configuration. */
export const deploy = (...given: Parameters<typeof deployTree>): Promise<Found> =>
  given[0].builds.during(() => deployTree(...given))

async function deployTree(
  call: Call,
  where: { readonly project: string; readonly environment: string },
  tree: Readable,
  options: DeployOptions,
  commit?: PushedCommit,
): Promise<Found> {
  const id = call.engine.newExecutionId()
  const kept = await keepTree(call, id, tree)
  const configs = parseConfig(kept.config)
  for (const name of options.sizes.keys())
    if (!configs.some((config) => config.name === name)) throw badRequest(`size: no task is named ${name}`)
  const place = await ensurePlace(call, where, options)
  return build(call, id, place, { ...kept, configs, type: 'environment.push', ...(commit && { commit }) }, options)
}

/** Why a tree is deployed again. */
export interface RedeployCause {
  readonly type: Exclude<DeployType, 'environment.push'>
  /** The one that was changed. */
  readonly variable?: string
}

/** The present tree and configuration again, with the variables of now. Throws 404 where nothing is deployed. */
export const redeploy = (...given: Parameters<typeof deployAgain>): Promise<Found> =>
  given[0].builds.during(() => deployAgain(...given))

async function deployAgain(
  call: Call,
  where: { readonly project: string; readonly environment: string },
  cause: RedeployCause = { type: 'environment.redeploy' },
): Promise<Found> {
  const project = await findProject(call.engine, call.tenant, where.project)
  const environment = await findEnvironment(call.engine, call.tenant, where.project, where.environment)
  const { deployment } = environment
  if (!deployment) throw notFound('deployment', 'current')
  const path = await call.context.objects.path(call.tenant, treeKey(deployment.treeId))
  if (path === undefined) throw notFound('tree', deployment.treeId)
  const configs = deployment.tasks.map(({ config }) => config)
  const { treeId, commit } = deployment
  const source = { treeId, path, configs, ...cause, ...(commit && { commit }) }
  return build(
    call,
    call.engine.newExecutionId(),
    { project, environment },
    source,
    readDeployOptions(new URLSearchParams()),
  )
}

interface Source {
  readonly treeId: string
  /** Of the tree's archive. */
  readonly path: string
  readonly configs: readonly TaskConfig[]
  readonly commit?: PushedCommit
  readonly type: DeployType
  readonly variable?: string
}

async function build(
  call: Call,
  id: ExecutionId,
  { project, environment }: DeployPlace,
  { treeId, path, configs, commit, type, variable }: Source,
  options: DeployOptions,
): Promise<Found> {
  const projectVariables = await variablesAt(call.engine, call.tenant, { project: project.id })
  const environmentVariables = await variablesOfEnvironment(call.engine, call.tenant, environment)
  const builds = new Map<string, TreeBuildTask>()
  for (const config of configs) {
    const variables = { projectVariables, environmentVariables }
    const request = { project, config, treeId, archive: path, isStrict: options.isStrict, ...variables }
    builds.set(config.name, await registerBuild(call, request))
  }
  const deployment: Deployment = {
    id: activityIdOf(id),
    type,
    activity: activityIdOf(id),
    treeId,
    ...(commit && { commit }),
    tasks: configs.map((config) => deployed(call, config, builds.get(config.name)!.key, environment, options)),
    projectVariables,
    requestedAt: call.engine.now(),
    deployedAt: call.engine.now(),
  }
  return submit(call, id, { project, environment }, deployment, builds, {
    type,
    ...(variable !== undefined && { variable }),
  })
}

/** Of the archive as it is sent. */
const LARGEST_TREE_BYTES = 2 ** 31

/** A size that was chosen stays chosen. */
function deployed(
  call: Call,
  config: TaskConfig,
  build: string,
  environment: EnvironmentRecord,
  options: DeployOptions,
): DeployedTask {
  const before = environment.deployment?.tasks.find((task) => task.config.name === config.name)
  const root = call.options.imageRoots[config.type]
  return {
    config,
    build,
    ...(root !== undefined && { root }),
    size: options.sizes.get(config.name) ?? before?.size ?? DEFAULT_SIZE,
  }
}

/** Under its tree's id, so that equal trees are kept once. Throws 400 when no configuration is in it. */
async function keepTree(
  call: Call,
  id: ExecutionId,
  tree: Readable,
): Promise<{ readonly treeId: string; readonly path: string; readonly config: string }> {
  const { objects } = call.context
  const upload = `${UPLOADS.tree}${id}`
  await objects.put(call.tenant, upload, tree, { limitBytes: LARGEST_TREE_BYTES })
  try {
    const head = await firstBytes(await objects.read(call.tenant, upload, { from: 0, until: 2 }))
    const isCompressed = head[0] === 0x1f && head[1] === 0x8b
    const { treeId, file } = await readArchive(await objects.read(call.tenant, upload), isCompressed, CONFIG_PATH)
    if (file === undefined) throw badRequest(`the tree has no ${CONFIG_PATH}`)
    const key = treeKey(treeId)
    if (!(await objects.facts(call.tenant, key)))
      await objects.put(call.tenant, key, await objects.read(call.tenant, upload))
    const path = await objects.path(call.tenant, key)
    if (path === undefined) throw badRequest('trees must lie on the disk of this machine')
    return { treeId, path, config: file }
  } finally {
    await objects.remove(call.tenant, upload)
  }
}

async function firstBytes(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

async function submit(
  call: Call,
  id: ExecutionId,
  { project, environment }: DeployPlace,
  deployment: Deployment,
  builds: ReadonlyMap<string, TreeBuildTask>,
  cause: Pick<Source, 'type' | 'variable'>,
): Promise<Found> {
  const record: ActivityRecord = {
    activity: deployment.activity,
    ...cause,
    project: project.id,
    environment: environment.name,
    user: userIdOf(call.principal),
    userName: call.principal.id,
    deployment: deployment.id,
    tasks: deployment.tasks.map(({ config }) => config.name),
  }
  const steps = [...builds].map(([name, build]) => buildStep(build.key, build.name, name))
  const last = steps.length - 1
  const plan = { steps: steps.map((step, i) => (i === last ? { ...step, labels: recordLabel(record) } : step)) }
  const [result] = await call.engine.submit(call.principal, [
    {
      id,
      plan,
      name: `deploy ${environment.name}`,
      face: FACE,
      concurrency: [{ key: `upsun/${project.id}/${environment.name}/deploy`, limit: 1 }],
      retentionMs: call.options.retentionMs,
      refs: refsOf(record),
      changes: [put(call.tenant, COLLECTIONS.deployment, deployment.id, deployment)],
    },
  ])
  if (result?.kind !== 'accepted') throw badRequest('the deployment was not accepted')
  const found = { execution: result.execution, record }
  const failed = (err: unknown): void => call.context.log.error({ err }, 'what a deployment replaced was not tidied up')
  void cancelOlderRuns(call.engine, call.tenant, found)
    .then(() => call.builds.sweep(call.tenant))
    .catch(failed)
  return found
}
